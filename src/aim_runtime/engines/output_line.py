"""What one line of an engine's output says, whichever engine wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.vocabulary import Phase


@dataclass(frozen=True)
class OutputLine:
    """One line: `text` as it came, the rest as far as the line says it.

    `level` is a name of Python's logging; `name` who says it, below the engine's name; `phase` the one
    that the line says is under way; `percent`, 0 to 100, how far that is, on a line that is a progress bar;
    `request_id` the request that it is about; `known` whether the line had the engine's own format;
    `process` which of the engine's processes says it; `continues` whether it goes on with what the line
    before it began; `kv_tokens` the size of the KV cache; `skips` the phases that will not come.
    """

    text: str
    message: str
    level: str = "INFO"
    name: str = "engine"
    phase: Phase | None = None
    percent: float | None = None
    request_id: str | None = None
    known: bool = False
    process: str | None = None
    continues: bool = False
    kv_tokens: int | None = None
    skips: tuple[Phase, ...] = ()
