"""The models room: LoRA adapters as values: what each says of itself, and what its files look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Size and time of last change (nanoseconds) of the configuration and the weights: what tells a change.
Signature = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Adapter:
    """One adapter: the name that requests call it by, its folder, and its configuration."""

    name: str
    path: Path
    config: Mapping[str, Any]
    signature: Signature

    @property
    def rank(self) -> int | None:
        """The largest rank of its parts; None where it says none."""
        pattern = self.config.get("rank_pattern")
        said = [self.config.get("r"), *(pattern.values() if isinstance(pattern, Mapping) else ())]
        return max((each for each in said if isinstance(each, int)), default=None)

    @property
    def base(self) -> str:
        """The model that it was trained for, empty where it does not say."""
        return str(self.config.get("base_model_name_or_path") or "")


@dataclass(frozen=True)
class Skipped:
    """A folder that is no adapter to be served, and why."""

    name: str
    reason: str

    @property
    def words(self) -> str:
        return f"the adapter {self.name} is skipped: {self.reason}"


@dataclass(frozen=True)
class Adapters:
    """What a look at a folder found; `present` whether it is there, `problem` why it cannot be read."""

    source: Path
    found: tuple[Adapter, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    present: bool = False
    problem: str = ""


NOT_LOOKED_FOR = Adapters(Path())
