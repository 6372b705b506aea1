"""Where a model's weights are, or will be: the value that the models room hands to the plan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.models.ref import ModelRef


@dataclass(frozen=True)
class Location:
    """One model on this machine.

    `model_id` is the `org/model` under which it is served; `path` the folder the engine is given;
    `present` whether that folder looked filled when the plan was made (a look, not a check: serving
    checks again); `sources` the places to fetch it from, in order of preference.
    """

    model_id: str
    path: Path
    present: bool
    sources: tuple[ModelRef, ...]
    token_required: bool = False
    size_bytes: int | None = None
