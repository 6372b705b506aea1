"""Work that Ctrl-C and SIGTERM must not cut in two: starting a process, and ending it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold SIGTERM and SIGINT back until the block has ended; then they have the effect they would have had.

    What is ignored stays ignored. Outside the main thread nothing is held: no signal interrupts such a
    thread. Handlers are replaced rather than signals blocked: a child would inherit the mask, and another
    thread would take a blocked signal and have it handled in the main one all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.getsignal(each) for each in numbers}
    # None is a handler that was not installed from Python, and could not be put back.
    held = [each for each in numbers if before[each] not in (None, signal.SIG_IGN)]
    for each in held:
        signal.signal(each, hold)
    try:
        yield
    finally:
        for each in held:
            signal.signal(each, before[each])
        for number in came:
            signal.raise_signal(number)
