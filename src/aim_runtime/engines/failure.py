"""Why an engine failed, in words: the value that a classifier makes and everything else shows."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.profiles.fit import Fit


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


@dataclass(frozen=True)
class Ending:
    """What is known of an end beside the engine's own words; None where it is not known.

    `oom_kills` counts the processes of this control group that the kernel killed for memory while the
    engine ran, `memory_limit_bytes` is the tightest limit of the group, `fit` what the plan counted on,
    `was_ready` whether the engine had answered.
    """

    oom_kills: int | None = None
    memory_limit_bytes: int | None = None
    fit: Fit | None = None
    was_ready: bool = False


NOTHING_KNOWN = Ending()
