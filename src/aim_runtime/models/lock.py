"""The models room: one process at a time fetches a model; the others wait and then find it there."""

from __future__ import annotations

import errno
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aim_runtime.models.cache import make_folder, not_writable
from aim_runtime.models.events import Notice, Report

# Some network file systems have no locks. Without one, two fetches cost bandwidth, nothing more:
# each publishes a whole folder with a rename.
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def held(path: Path, what: str, report: Report) -> Iterator[bool]:
    """Hold the lock file `path`, and yield whether another process held it before.

    The kernel drops the lock of a process that dies, so it cannot go stale; the file stays.
    """
    make_folder(path.parent)
    try:
        file = path.open("ab")
    except OSError as error:
        raise not_writable(path, error) from error
    with file:
        yield _acquire(file.fileno(), what, report)


def _acquire(descriptor: int, what: str, report: Report) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report(Notice(f"another process is fetching {what}; waiting for it"))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return False
