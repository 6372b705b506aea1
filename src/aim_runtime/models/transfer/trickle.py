"""A connection that brings next to nothing is as good as none, though it never falls silent."""

from __future__ import annotations

import time

from aim_runtime.models.transfer.remote import Again

# Less than this while the stall timer runs is too little.
LEAST_BYTES = 64 * 1024


class Trickle:
    """Counts what a read brings, and raises Again where that is too little in `window_s`."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._ends, self._bytes = time.monotonic() + window_s, 0

    def came(self, count_bytes: int) -> None:
        self._bytes += count_bytes
        now = time.monotonic()
        if now < self._ends:
            return
        if self._bytes < LEAST_BYTES:
            raise Again(f"{self._bytes} bytes in {self._window_s:g} s")
        self._ends, self._bytes = now + self._window_s, 0
