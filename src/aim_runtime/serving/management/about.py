"""What the management port tells of, and by which it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.serving.life import Life


@dataclass(frozen=True)
class About:
    """One service: `endpoint` is None while there is no engine, `lines` gives the engine's last N lines.

    `redact` takes the secrets out of every text that is answered.
    """

    life: Life
    endpoint: Callable[[], Endpoint | None]
    stall_s: float
    version: str
    lines: Callable[[int], Sequence[str]]
    redact: Callable[[str], str]
