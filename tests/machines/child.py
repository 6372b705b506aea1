"""Run in a forked child what gives up something that a process does not get back."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn, TypeVar

T = TypeVar("T")


def in_child(function: Callable[[], T]) -> T:
    """Return what `function` returns in a forked child; what it raises there is raised here."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of a fork beside threads; this child only looks at files.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _answer(function, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    if not answer:
        raise ChildProcessError("the child ended without an answer")
    error, value = pickle.loads(answer)
    if error is not None:
        raise error
    result: T = value
    return result


def _answer(function: Callable[[], object], writer: int) -> NoReturn:
    with _Answer(writer) as answer:
        answer.bytes = pickle.dumps((None, function()))
    raise AssertionError("unreachable")


class _Answer:
    """Sends what was returned or raised, and ends the child before any of the tests' own exits."""

    def __init__(self, writer: int) -> None:
        self.writer = writer
        self.bytes = b""

    def __enter__(self) -> _Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> NoReturn:
        if error is not None:
            try:
                self.bytes = pickle.dumps((error, None))
                pickle.loads(self.bytes)
            except (TypeError, AttributeError, pickle.PickleError):  # not every error can travel
                text = "".join(traceback.format_exception(error))
                self.bytes = pickle.dumps((ChildProcessError(text), None))
        with os.fdopen(self.writer, "wb") as stream:
            stream.write(self.bytes)
        os._exit(0)
