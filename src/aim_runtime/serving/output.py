"""What an engine says, line by line, without ever keeping the engine waiting for who listens."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable

KEPT_LINES = 200
# What is longer is cut: a line is for a person to read, and all that is kept must stay small.
LONGEST_LINE = 16 * 1024
# So much may wait for a listener that is slower than the engine; and so long for one that is stuck.
_MOST_WAITING = 4 * 1024 * 1024
_PATIENCE_S = 1.0
_CHUNK = 64 * 1024
# A progress bar overwrites its line with carriage returns: each state of it is a line here.
_ENDS = re.compile(rb"[\r\n]+")


class Output:
    """Reads a pipe to its end on one thread, and calls `on_line` for each line on another.

    A listener that takes nothing for a while (a log that nobody reads, a full disk) loses lines, and is
    told how many; the engine goes on. The last lines are kept for whoever asks why it failed.
    """

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self._descriptor, self._on_line = descriptor, on_line
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._waiting: deque[str] = deque()
        self._waiting_size = self._lost = 0
        self._stuck = self._ended = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._read, name="engine-output", daemon=True),
            threading.Thread(target=self._hand_on, name="engine-lines", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def last(self, count: int = KEPT_LINES) -> tuple[str, ...]:
        """The last lines, oldest first."""
        with self._changed:
            return tuple(self._last)[-count:] if count else ()

    def finish(self, timeout_s: float) -> None:
        """Wait until everything was read and handed on; the engine has ended."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _read(self) -> None:
        rest, dropped = b"", 0
        while chunk := self._chunk():
            *whole, rest = _ENDS.split(rest + chunk)
            for piece in whole:
                self._take(piece, dropped)
                dropped = 0
            # Of a line without an end only its beginning is kept.
            dropped += max(0, len(rest) - LONGEST_LINE)
            rest = rest[:LONGEST_LINE]
        self._take(rest, dropped)
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        os.close(self._descriptor)

    def _chunk(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK)
        except OSError:
            return b""

    def _take(self, piece: bytes, dropped: int) -> None:
        dropped += max(0, len(piece) - LONGEST_LINE)
        text = piece[:LONGEST_LINE].decode("utf-8", "replace").rstrip()
        if not text:
            return
        if dropped:
            text += f" … ({dropped} bytes more)"
        with self._changed:
            self._last.append(text)
            if self._waiting_size >= _MOST_WAITING and not self._stuck:
                self._stuck = not self._changed.wait_for(self._has_room, _PATIENCE_S)
            if self._waiting_size >= _MOST_WAITING:
                self._lost += 1
                return
            self._stuck = False
            self._waiting.append(text)
            self._waiting_size += len(text)
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._waiting_size < _MOST_WAITING

    def _hand_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._lost or self._ended)
                lines = list(self._waiting)
                lost, self._lost = self._lost, 0
                self._waiting.clear()
                self._waiting_size = 0
                self._changed.notify_all()
                if not lines and not lost and self._ended:
                    return
            for line in lines:
                self._on_line(line)
            if lost:
                self._on_line(f"({lost} lines of the engine are left out: the log does not keep up)")
