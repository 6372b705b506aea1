"""The one truth about a running service: written by who does, read by who tells."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.failure import Failure
from aim_runtime.engines.load import Load
from aim_runtime.models.status import Status
from aim_runtime.vocabulary import Phase, place


@dataclass(frozen=True)
class Stage:
    """One phase that was passed: when it began (seconds since 1970), how long it took or takes so far."""

    phase: Phase
    began_at_s: float
    seconds: float


@dataclass(frozen=True)
class Attempt:
    """One start of an engine that failed, with the profile that was served and what was done then."""

    profile: str
    failure: Failure
    next_step: str


@dataclass(frozen=True)
class View:
    """A service at one moment; None is what is not known or not there.

    `began_at_s` in seconds since 1970; `phase` with its `percent` and, while bytes move, their `transfer`;
    `plan` what is served and why, as JSON has it; `engine_alive` and `answers` of the engine's process;
    `stalled_s` for how long work has been queued without a token, 0 while there is progress;
    `load_at_s` when `load` was seen, as the rates of two of them need it.
    """

    phase: Phase
    began_at_s: float
    seconds: float
    stages: tuple[Stage, ...]
    percent: float | None = None
    transfer: Status | None = None
    plan: dict[str, Any] | None = None
    engine_pid: int | None = None
    engine_alive: bool = False
    answers: bool = False
    stalled_s: float = 0.0
    load: Load | None = None
    load_at_s: float | None = None
    kv_tokens: int | None = None
    failure: Failure | None = None
    attempts: tuple[Attempt, ...] = ()
    adapters: tuple[str, ...] = ()
    bytes_fetched: int = 0
    cache_hit: bool | None = None


class Life:
    """Holds the View; each change replaces it whole, so that a reader never sees half of one.

    Beside it, by what the engine is asked: its `endpoint`, None while there is none, and its `last_lines`.
    """

    endpoint: Endpoint | None = None
    last_lines: Callable[[], tuple[str, ...]] = tuple

    def __init__(self, now_s: Callable[[], float] = time.time) -> None:
        self._now_s = now_s
        self._changing = threading.Lock()
        now = now_s()
        self._view = View(Phase.SURVEYING, now, 0.0, (Stage(Phase.SURVEYING, now, 0.0),))

    def view(self) -> View:
        """The service at this moment: the times of what is under way count on."""
        view, now = self._view, self._now_s()
        last = view.stages[-1]
        stages = (*view.stages[:-1], replace(last, seconds=now - last.began_at_s))
        return replace(view, seconds=now - view.began_at_s, stages=stages)

    def enter(self, phase: Phase, percent: float | None = None) -> None:
        """Begin a phase, or say how far the one under way is."""
        with self._changing:
            self._enter(phase, percent)

    def advance(self, phase: Phase, percent: float | None = None, skips: Collection[Phase] = ()) -> None:
        """The same for what an engine that is starting says: never back, and never out of a start.

        The last phase of a start follows the one before it, but for phases in `skips`.
        """
        with self._changing:
            here, there = place(self._view.phase), place(phase)
            between = [each for each in Phase if here < place(each) < there]
            too_early = phase is Phase.WARMING and not set(between) <= set(skips)
            if place(Phase.STARTING) <= here <= there <= place(Phase.WARMING) and not too_early:
                self._enter(phase, percent)

    def _enter(self, phase: Phase, percent: float | None) -> None:
        view, now = self._view, self._now_s()
        if phase is view.phase:
            self._view = replace(view, percent=percent if percent is not None else view.percent)
            return
        last = view.stages[-1]
        stages = (*view.stages[:-1], replace(last, seconds=now - last.began_at_s), Stage(phase, now, 0.0))
        self._view = replace(view, phase=phase, percent=percent, transfer=None, stages=stages)

    def change(self, **changes: Any) -> None:
        """Replace fields of the view by name."""
        with self._changing:
            if "load" in changes:
                changes["load_at_s"] = self._now_s()
            self._view = replace(self._view, **changes)
