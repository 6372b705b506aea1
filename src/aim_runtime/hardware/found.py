"""What a probe answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.accelerator import Accelerator


@dataclass(frozen=True)
class Found:
    """The devices that this process may use, in their runtime's order, before any variable hides some.

    `source` is how they are known, in words that follow "seen by"; `problems` what could not be read.
    """

    gpus: tuple[Accelerator, ...]
    source: str
    problems: tuple[str, ...] = ()


# A probe gets the folder below which /sys, /proc and /dev are looked for. None: it cannot look here.
Probe = Callable[[Path], Found | None]
