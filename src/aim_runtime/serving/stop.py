"""How a service is asked to stop: by signals that are taken note of, and acted on where that is safe."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """SIGTERM or SIGINT: not an error, and nothing below may mistake it for one.

    `cut`: something that was under way was ended, not waited for.
    """

    def __init__(self, *, cut: bool = False) -> None:
        super().__init__()
        self.cut = cut


class Stop:
    """Whether a signal asked to stop: its `number`, 0 where none did; `again` when another one came.

    The handler only takes note. An exception raised by a handler comes between any two steps of
    whatever runs, also between taking a lock of the standard library's and the block that frees it.
    """

    def __init__(self) -> None:
        self.number = 0
        self.again = False

    def ask(self, number: int, _frame: FrameType | None) -> None:
        self.again = bool(self.number)
        self.number = self.number or number

    def check(self) -> None:
        """Raise Stopped, at a place where that is safe."""
        if self.number:
            raise Stopped


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Take note of SIGTERM and SIGINT while the block runs."""
    stop = Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
