"""How many connections a download uses: more for as long as more of them bring more."""

from __future__ import annotations

import time
from collections.abc import Callable

FEWEST, MOST = 4, 32
_WINDOW_S = 0.2
_WORTH_IT = 1.1
_RECOVER_S = 30.0


class Connections:
    """Decides by what has arrived: twice as many, for as long as that brings more; else back to the last
    number that did. A fast link is full with a few, a long one needs many.

    A source that asks to slow down is believed: half as many, and no more for a while.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowed = FEWEST
        self._clock = clock
        self._since, self._bytes = clock(), 0
        self._paid, self._best_rate, self._grows = FEWEST, 0.0, True
        self._slow_downs, self._rests_until = 0, 0.0

    def observe(self, arrived_bytes: int, slow_downs: int) -> int:
        """Return how many connections to use from now on; `slow_downs` counts what the source asked for."""
        now = self._clock()
        if slow_downs > self._slow_downs:
            self._slow_downs = slow_downs
            if now >= self._rests_until:
                self._start_from(max(1, self.allowed // 2))
                self._rests_until = now + _RECOVER_S
        elapsed_s = now - self._since
        if elapsed_s < _WINDOW_S:
            return self.allowed
        rate = (arrived_bytes - self._bytes) / elapsed_s
        self._since, self._bytes = now, arrived_bytes
        if not self._grows or not rate or now < self._rests_until:
            return self.allowed
        if rate > self._best_rate * _WORTH_IT:
            self._best_rate, self._paid = rate, self.allowed
            self.allowed = min(MOST, self.allowed * 2)
        else:
            self.allowed, self._grows = self._paid, False
        return self.allowed

    def _start_from(self, count: int) -> None:
        self.allowed = self._paid = count
        self._best_rate, self._grows = 0.0, True
