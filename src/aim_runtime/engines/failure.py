"""Why an engine failed, in words: the value that a classifier makes and everything else shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One failure: a stable `code` (engine.out_of_memory, …), one line that says it, and what to do.

    `evidence` is the line of the engine's output that gave it away, empty where its exit did.
    `transient`: whether the same start may well succeed.
    """

    code: str
    message: str
    hint: str
    evidence: str = ""
    transient: bool = False
