"""Keeps the record of one run as it goes: written at the start, when it is ready, and at the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from aim_runtime.errors import AimError
from aim_runtime.models.events import Notice
from aim_runtime.models.words import why_not_writable
from aim_runtime.plan import Plan
from aim_runtime.record.describe import Run, describe
from aim_runtime.record.repeat import Repeat
from aim_runtime.record.shelf import Shelf
from aim_runtime.record.values import Attempt, Outcome, Stage, State
from aim_runtime.serving.life import Life, View

Tell = Callable[[Notice], None]


@dataclass
class Recording:
    """What the run tells its record; nothing here fails but a repetition with other weights."""

    life: Life
    environment: Mapping[str, str]
    tell: Tell
    plan: Plan
    repeats: Repeat | None = None
    _id: str = field(default_factory=lambda: secrets.token_hex(4))
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _began_s: float = field(default_factory=time.monotonic)
    _outcome: Outcome = field(init=False)
    _shelf: Shelf | None = None
    _folder: Path | None = None

    def __post_init__(self) -> None:
        self._outcome = Outcome(state=State.STARTING, started=self._began.isoformat(timespec="seconds"))
        place = self.plan.settings.serving.record_path
        if place is not None:
            self._shelf = Shelf.of(place, self.plan.location.model_id, self._began, self._id)

    def __enter__(self) -> Recording:
        self.write(State.STARTING)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended(error)

    def weights(self, folder: Path) -> None:
        """The weights are whole in `folder`. Raises VerificationFailed where a repetition has others."""
        self._folder = folder
        if self.repeats is not None:
            for line in self.repeats.check(self.plan.location, folder):
                self.tell(Notice(line))

    def now(self, plan: Plan) -> None:
        """Another plan is executed from here on."""
        self.plan = plan
        self.write(State.STARTING)

    def ready(self) -> None:
        """The engine answers."""
        self.write(State.RUNNING, ready_after_s=self._seconds())

    def ended(self, error: BaseException | None) -> None:
        """The run is over, by `error` or by a stop."""
        view = self.life.view()
        failed = isinstance(error, Exception) or (error is None and view.failure is not None)
        code, message = _reason(error, view) if failed else (None, None)
        state = State.FAILED if failed else State.STOPPED
        self.write(state, ended_after_s=self._seconds(), code=code, message=message)

    def write(self, state: State, **changes: float | str | None) -> None:
        """Write the record with what is known now; where that cannot be done, say so once."""
        view = self.life.view()
        known = {name: getattr(self._outcome, name) for name in Outcome.__struct_fields__}
        known |= {"state": state, "stages": _stages(view), "attempts": _attempts(view), **changes}
        self._outcome = Outcome(**known)
        if self._shelf is None:
            return
        try:
            run = Run(self._id, self._outcome)
            self._shelf.put(describe(self.plan, self.environment, run, self._folder))
            self._shelf.tidy()
        except (OSError, ValueError) as error:
            place, self._shelf = self._shelf.path.parent, None
            # A secret that is one of the record's own words leaves no record.
            why = (
                why_not_writable(error).lower() if isinstance(error, OSError) else "a secret cannot be hidden"
            )
            self.tell(Notice(f"no record of this run is kept in {place}: {why}"))

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began_s, 3)


def recording(
    plan: Plan,
    life: Life,
    environment: Mapping[str, str],
    tell: Tell,
    repeats: Repeat | None = None,
) -> Recording:
    """Return what keeps the record of a run while a `with` block executes `plan`; the settings say where.

    `environment` is what the engine inherits, `tell` must not raise; `repeats` is the record that this run
    repeats.
    """
    return Recording(life, environment, tell, plan, repeats)


def _reason(error: BaseException | None, view: View) -> tuple[str, str]:
    if view.failure is not None:
        return view.failure.code, view.failure.message
    if isinstance(error, AimError):
        return error.code, error.message
    return "bug", f"{type(error).__name__}: {error}"


def _stages(view: View) -> list[Stage]:
    return [Stage(phase=str(each.phase), seconds=round(each.seconds, 3)) for each in view.stages]


def _attempts(view: View) -> list[Attempt]:
    return [
        Attempt(
            profile=each.profile,
            code=each.failure.code,
            message=each.failure.message,
            next_step=each.next_step,
        )
        for each in view.attempts
    ]
