"""Look at a tree as a user who is not root."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NoReturn, TypeVar

T = TypeVar("T")
NOBODY = 65534


def as_nobody(function: Callable[[Path], T], root: Path, groups: tuple[int, ...] = ()) -> T:
    """Run `function` in a forked child that is uid and gid 65534, and return what it returns.

    The child gets `root` as a relative path, because a user cannot pass the folders above a temporary
    one, which belong to root alone. What the function raises is raised here. Who is not root has nothing
    to give up: then the child has the user's own id, and `groups` do not count.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of a fork beside threads; this child only looks at files.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _in_child(function, root, groups, writer)
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


def _in_child(
    function: Callable[[Path], object], root: Path, groups: tuple[int, ...], writer: int
) -> NoReturn:
    with _Answer(writer) as answer:
        if os.geteuid() == 0:
            root.chmod(0o755)
            os.chdir(root)
            os.setgroups(groups)
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        else:
            os.chdir(root)
        answer.bytes = pickle.dumps((None, function(Path())))
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
