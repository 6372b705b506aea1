"""What selecting yields: the chosen profile, and a verdict on every other."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.profiles.profile import Profile
from aim_runtime.vocabulary import State


@dataclass(frozen=True)
class Verdict:
    """What selection thinks of one profile: its state, and every reason against it."""

    profile: Profile
    state: State
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """The chosen profile, the accelerators it uses and leaves, and how the others were judged."""

    profile: Profile
    uses: tuple[Accelerator, ...]
    leaves: tuple[Accelerator, ...]
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...] = ()
