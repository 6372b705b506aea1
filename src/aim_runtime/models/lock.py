"""The models room: one process at a time fetches a model; the others wait and then find it there."""

from __future__ import annotations

import errno
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aim_runtime.models.background import POLL_S
from aim_runtime.models.cache import make_folder, not_writable
from aim_runtime.models.events import Notice, Progress, Report

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
    waited = False
    while not _try(descriptor):
        if not waited:
            report(Notice(f"another process is fetching {what}; waiting for it"))
        waited = True
        # In steps: a wait in the kernel would not end when this process is asked to stop.
        time.sleep(POLL_S)
        report(Progress("wait", 0))
    return waited


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
    return True
