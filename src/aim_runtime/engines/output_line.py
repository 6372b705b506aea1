"""What one line of an engine's output says, whichever engine wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.vocabulary import Phase


@dataclass(frozen=True)
class OutputLine:
    """One line: `text` as it came, the rest as far as the line says it.

    `level` is a name of Python's logging; `name` who says it, below the engine's name; `phase` the one
    that the line says has begun; `percent`, 0 to 100, how far that is; `request_id` the request that it
    is about; `known` whether the line had the engine's own format.
    """

    text: str
    message: str
    level: str = "INFO"
    name: str = "engine"
    phase: Phase | None = None
    percent: float | None = None
    request_id: str | None = None
    known: bool = False
