"""What an engine says, line by line, without ever keeping the engine waiting for who listens."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from aim_runtime.serving.splitter import Splitter

KEPT_LINES = 200
# What is kept of a line: enough for a reason, however long the line is.
_KEPT_LETTERS = 4096
# So much may wait for a listener that is slower than the engine, in letters; then the engine waits, once
# and for a moment only.
_MOST_WAITING = 4 * 1024 * 1024
_PATIENCE_S = 0.1
_TICK_S = 1.0
_CHUNK = 1024 * 1024  # all that a pipe of EngineProcess holds


class Listener(Protocol):
    """Who hears the lines, all on one thread: `tick` now and then, `end` after the last one."""

    def line(self, text: str) -> None: ...

    def tick(self) -> None: ...

    def end(self) -> None: ...


class Output:
    """Reads a pipe to its end on one thread, and hands the lines to `listener` on another.

    A listener that does not keep up (a flood, a log that nobody reads) loses lines, and is told how many;
    the engine goes on. The last lines are kept for whoever asks why it failed.
    """

    def __init__(self, descriptor: int, listener: Listener) -> None:
        self._descriptor, self._listener = descriptor, listener
        self._last: deque[str] = deque(maxlen=KEPT_LINES)
        self._waiting: list[str] = []
        self._waiting_size = self._lost = 0
        self._stuck = self._ended = False
        self._changed = threading.Condition()
        calls: tuple[Callable[[], None], ...] = (self._read, self._hand_on)
        self._threads = [threading.Thread(target=call, name="engine-output", daemon=True) for call in calls]
        for thread in self._threads:
            thread.start()

    def last(self) -> tuple[str, ...]:
        """The last lines, oldest first, as they came."""
        with self._changed:
            return tuple(self._last)

    def finish(self, timeout_s: float) -> None:
        """Wait until everything was read and handed on; the engine has ended."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _read(self) -> None:
        splitter = Splitter()
        while chunk := os.read(self._descriptor, _CHUNK):
            self._take(splitter.feed(chunk))
        os.close(self._descriptor)
        self._take(splitter.end())
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, lines: list[str]) -> None:
        with self._changed:
            self._last.extend(line[:_KEPT_LETTERS] for line in lines)
            if self._waiting_size >= _MOST_WAITING:
                wait_s = 0 if self._stuck else _PATIENCE_S
                self._stuck = not self._changed.wait_for(lambda: self._waiting_size < _MOST_WAITING, wait_s)
            if self._stuck:
                self._lost += len(lines)
                return
            self._waiting += lines
            self._waiting_size += sum(map(len, lines))
            self._changed.notify_all()

    def _hand_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._lost or self._ended, _TICK_S)
                lines, self._waiting, self._waiting_size = self._waiting, [], 0
                lost, self._lost = self._lost, 0
                ended = self._ended and not lines and not lost
                self._changed.notify_all()
            for line in lines:
                self._listener.line(line)
            if lost:
                self._listener.line(f"({lost} lines of the engine are left out: the log does not keep up)")
            if ended:
                self._listener.end()
                return
            self._listener.tick()
