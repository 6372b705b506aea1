"""Signals that come while work must not be cut have their effect once it is done, and only then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from aim_runtime.service.uninterrupted import uninterrupted


@pytest.fixture
def arrived() -> Iterator[list[int]]:
    """The signals that had an effect, in their order."""
    came: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(each, lambda number, _frame: came.append(number)) for each in numbers]
    yield came
    for each, handler in zip(numbers, before, strict=True):
        signal.signal(each, handler)


def test_they_arrive_after_the_block_in_their_order(arrived: list[int]) -> None:
    with uninterrupted():
        for each in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), each)
        assert arrived == []
    assert arrived == [signal.SIGTERM, signal.SIGINT]
    os.kill(os.getpid(), signal.SIGTERM)
    assert len(arrived) == 3


def test_an_error_of_the_block_does_not_lose_them(arrived: list[int]) -> None:
    def fail() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), uninterrupted():
        fail()
    assert arrived == [signal.SIGINT]


def test_within_another_they_arrive_after_the_outer_one(arrived: list[int]) -> None:
    with uninterrupted():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
        assert arrived == []
    assert arrived == [signal.SIGINT]


def test_what_is_ignored_stays_ignored(arrived: list[int]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with uninterrupted():
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
        os.kill(os.getpid(), signal.SIGTERM)
    assert arrived == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_program_ends_by_them_when_its_work_is_done(number: signal.Signals) -> None:
    program = (
        "import os\n"
        "from aim_runtime.service.uninterrupted import uninterrupted\n"
        "with uninterrupted():\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    print('done', flush=True)\n"
        "print('not stopped')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == "done\n"
    assert done.returncode == -number


def test_another_thread_leaves_the_handlers_alone(arrived: list[int]) -> None:
    seen: list[Callable[..., object] | int | None] = []

    def work() -> None:
        with uninterrupted():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    before = signal.getsignal(signal.SIGINT)
    thread.start()
    thread.join()
    assert seen == [before]
