"""The models room: work that the caller watches, and need not wait for."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

from aim_runtime.models.events import Progress, Report

T = TypeVar("T")
R = TypeVar("R")
POLL_S = 0.3


class carrying:
    """Hands an exception to whoever waits for the thread that raised it."""

    def __init__(self, to: Callable[[BaseException], object]) -> None:
        self._to = to

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            self._to(error)
        return True


def start(call: Callable[[], T]) -> Future[T]:
    """Run `call` in a daemon thread.

    Not in an executor: the interpreter waits for an executor's threads when it ends, and this one may
    hang in a name look-up that nothing can interrupt.
    """
    future: Future[T] = Future()

    def run() -> None:
        with carrying(future.set_exception):
            future.set_result(call())

    threading.Thread(target=run, daemon=True).start()
    return future


def each(items: Iterable[T], call: Callable[[T], R], threads: int) -> list[Future[list[R]]]:
    """Call `call` with every item, in their order, in so many daemon threads; each hands on its results.

    A call that raises ends its thread: the items left are the other threads'.
    """
    waiting: SimpleQueue[T] = SimpleQueue()
    for item in items:
        waiting.put(item)

    def work() -> list[R]:
        found: list[R] = []
        while True:
            try:
                item = waiting.get_nowait()
            except Empty:
                return found
            found.append(call(item))

    return [start(work) for _ in range(min(threads, waiting.qsize()))]


def watched(workers: Iterable[Future[list[T]]], watch: Callable[[], None]) -> list[T]:
    """Return all that the threads hand on, calling `watch` now and then until they have.

    Raises what the first of them raised, without waiting for the others.
    """
    found: list[T] = []
    pending: Collection[Future[list[T]]] = list(workers)
    while pending:
        watch()
        done, pending = wait(pending, POLL_S, FIRST_EXCEPTION)
        for worker in done:
            found += worker.result()
    return found


def finished(answer: Future[T], watch: Callable[[], None], within_s: float) -> bool:
    """Wait for `answer` at most `within_s`, calling `watch` now and then; return whether it is there."""
    deadline = time.monotonic() + within_s
    while not answer.done() and (left_s := deadline - time.monotonic()) > 0:
        wait((answer,), min(POLL_S, left_s))
        watch()
    return answer.done()


def answered(answer: Future[T], report: Report, within_s: float) -> bool:
    """The same for a question to a source: who reports is told meanwhile that it is being asked."""
    return finished(answer, lambda: report(Progress("ask", 0)), within_s)


def pause(report: Report, for_s: float) -> None:
    """Wait: who reports is told meanwhile, and can end it."""
    answered(Future(), report, for_s)


def run(
    argv: Sequence[str], *, environment: Mapping[str, str], log: Path, watch: Callable[[], None]
) -> tuple[int, str]:
    """Run a program with its output in `log`, calling `watch` now and then; return its status and output.

    The program does not outlive this call, however the call ends. Raises OSError when it cannot start.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            while process.poll() is None:
                watch()
                try:
                    process.wait(POLL_S)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
    return process.returncode, log.read_text(encoding="utf-8", errors="replace")


def bytes_below(folder: Path) -> int:
    """Return the sizes of the files below `folder` added up; files may come and go meanwhile."""
    total_bytes = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total_bytes += Path(parent, name).lstat().st_size
            except OSError:
                continue
    return total_bytes
