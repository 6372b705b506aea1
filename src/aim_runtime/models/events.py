"""The models room: what a fetch tells whoever started it; the command line words and draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """One line for a person: something happened that changes what they get; `grave`: for the worse."""

    text: str
    grave: bool = False


@dataclass(frozen=True)
class Progress:
    """How far one phase is; `total_bytes` is None where nobody knows it."""

    phase: str
    done_bytes: int
    total_bytes: int | None = None


Event = Notice | Progress
Report = Callable[[Event], None]
