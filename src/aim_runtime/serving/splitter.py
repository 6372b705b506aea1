"""An engine's output, cut into lines as it comes out of a pipe."""

from __future__ import annotations

import re

# A bar ends its states with a carriage return, and its line only when it is full.
_ENDS = re.compile(rb"[\r\n]+")
LONGEST_BYTES = 65536


class Splitter:
    """Cuts bytes into lines; empty ones are left out, one without an end is cut at LONGEST_BYTES."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; return the lines that are whole now."""
        *whole, self._rest = _ENDS.split(self._rest + data)
        while len(self._rest) > LONGEST_BYTES:
            whole.append(self._rest[:LONGEST_BYTES])
            self._rest = self._rest[LONGEST_BYTES:]
        return _decoded(whole)

    def end(self) -> list[str]:
        """The pipe is closed: what is left is a line too."""
        rest, self._rest = self._rest, b""
        return _decoded([rest])


def _decoded(lines: list[bytes]) -> list[str]:
    return [line.decode(errors="replace") for line in lines if line]
