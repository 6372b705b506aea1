"""What the management port tells of, and by which it asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from aim_runtime.serving.life import Life

# More than the lines of two answers: most of them are the same a second later.
_LINES_KEPT = 2048


class About:
    """One service, and how secrets are taken out of what is told of it."""

    def __init__(self, life: Life, stall_s: float, redact: Callable[[str], str]) -> None:
        self.life, self.stall_s = life, stall_s
        self._redact_line = lru_cache(_LINES_KEPT)(redact)

    def redacted(self, text: str) -> str:
        """The text without its secrets, line by line: to look for them takes 10 ms a kilobyte."""
        return "\n".join(map(self._redact_line, text.split("\n")))
