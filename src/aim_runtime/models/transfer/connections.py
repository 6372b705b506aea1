"""How many connections a download uses: more for as long as more of them bring more."""

from __future__ import annotations

import time
from collections.abc import Callable

FEWEST, MOST = 8, 32
_STEP = 4
_WINDOW_S = 1.5
_WORTH_IT = 1.08
_RECOVER_S = 30.0


class Connections:
    """Decides by what has arrived. A fast link is full with a few, a long one needs many.

    A source that asks to slow down is believed: half as many, and no more for a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowed = FEWEST
        self._clock = clock
        self._since, self._bytes = clock(), 0
        self._best_rate, self._grows, self._slow_downs, self._rests_until = 0.0, True, 0, 0.0

    def observe(self, arrived_bytes: int, slow_downs: int) -> int:
        """Return how many connections to use from now on; `slow_downs` counts what the source asked for."""
        now = self._clock()
        if slow_downs > self._slow_downs:
            self._slow_downs = slow_downs
            if now >= self._rests_until:
                self.allowed = max(1, self.allowed // 2)
                self._rests_until, self._best_rate, self._grows = now + _RECOVER_S, 0.0, True
        elapsed_s = now - self._since
        if elapsed_s < _WINDOW_S or now < self._rests_until:
            return self.allowed
        rate = (arrived_bytes - self._bytes) / elapsed_s
        self._since, self._bytes = now, arrived_bytes
        if self._grows and rate > self._best_rate * _WORTH_IT:
            self._best_rate = rate
            self.allowed = min(MOST, self.allowed + _STEP)
        else:
            self._grows = False
        return self.allowed
