"""What selecting yields: a verdict on every profile, the chosen one, and the accelerators it uses."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.fit import Fit, NotKnown
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.service_level import ServiceLevel
from aim_runtime.vocabulary import State


@dataclass(frozen=True)
class Objection:
    """One reason against a profile, and the change that would remove it; empty when there is none."""

    state: State
    text: str
    change: str = ""


@dataclass(frozen=True)
class Verdict:
    """What selection thinks of one profile.

    `objections` are all of them, the most telling first; `barrier` is what keeps a profile that would
    run from being taken by itself, None when nothing does. `uses` are the accelerators it would get,
    `full` those of the machine that have too little free for it;
    `fit` the memory arithmetic or why there is none, `model` what it was told of the model; both None
    where the profile is for another one. `level` is how its evidence stands to the service level that was
    asked for, None where none was or the profile is for another model.
    """

    profile: Profile
    objections: tuple[Objection, ...] = ()
    barrier: Objection | None = None
    uses: tuple[Accelerator, ...] = ()
    fit: Fit | NotKnown | None = None
    model: Architecture | None = None
    full: tuple[Accelerator, ...] = ()
    level: ServiceLevel | None = None

    @property
    def state(self) -> State:
        """The state that the first objection gives."""
        return self.objections[0].state if self.objections else State.COMPATIBLE

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(objection.text for objection in self.objections)

    @property
    def automatic(self) -> bool:
        """Whether it can be chosen without being named."""
        return not self.objections and self.barrier is None

    @property
    def change(self) -> str:
        """What would make it run here, all of it; empty when it would be taken, or when nothing helps."""
        against = (*self.objections, *([self.barrier] if self.barrier else []))
        changes = [objection.change for objection in against]
        return "; ".join(dict.fromkeys(changes)) if all(changes) else ""


@dataclass(frozen=True)
class Left:
    """An accelerator that the chosen profile leaves unused, and why."""

    device: Accelerator
    reason: str


@dataclass(frozen=True)
class Selection:
    """The chosen profile, the accelerators it uses and leaves, and how the others were judged."""

    profile: Profile
    uses: tuple[Accelerator, ...]
    leaves: tuple[Left, ...]
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict on the chosen profile."""
        return next(verdict for verdict in self.verdicts if verdict.profile is self.profile)
