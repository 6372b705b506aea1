"""What the management port tells of, and by which it asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.serving.life import Life

# More than the lines of two answers: most of them are the same a second later.
_LINES_KEPT = 2048


class About:
    """One service: `endpoint` is None while there is no engine, `lines` gives the engine's last N lines."""

    def __init__(
        self,
        life: Life,
        endpoint: Callable[[], Endpoint | None],
        stall_s: float,
        version: str,
        lines: Callable[[int], Sequence[str]],
        redact: Callable[[str], str],
    ) -> None:
        self.life, self.endpoint, self.stall_s, self.version, self.lines = (
            life,
            endpoint,
            stall_s,
            version,
            lines,
        )
        self._redact_line = lru_cache(_LINES_KEPT)(redact)

    def redacted(self, text: str) -> str:
        """The text without its secrets, line by line: to look for them takes 10 ms a kilobyte."""
        return "\n".join(map(self._redact_line, text.split("\n")))
