"""The models room: when a model was used last, and whether it is in use now.

An empty file for a model, `.aim/used/<org>--<model>`: its time is that of the last use, and who serves
the model holds a shared lock on it, which ends with the process. All of it is best effort: in a cache
that cannot be written, serving works, and nothing is written down.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.cache import Cache


def touch(cache: Cache, model_id: str) -> None:
    """Write down that the model is used now."""
    with suppress(OSError):
        path = cache.used(model_id)
        if not cache.root.is_dir():
            return  # nothing is made only to take note of something
        sharing.make(path.parent)
        try:
            os.utime(path)
        except FileNotFoundError:
            path.touch()
            sharing.open_as_the_parent(path)


def last(cache: Cache, model_id: str) -> float | None:
    """Return when the model was used last, in seconds since the epoch; None where nobody wrote it down."""
    try:
        return cache.used(model_id).stat().st_mtime
    except OSError:
        return None


@contextmanager
def in_use(cache: Cache, model_id: str) -> Iterator[None]:
    """Let others see that the model is in use while the block runs."""
    touch(cache, model_id)
    descriptor = _open(cache.used(model_id))
    try:
        if descriptor is not None:
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def stay_in_use(cache: Cache, model_id: str) -> None:
    """Let others see that the model is in use by this process, also after it became another program."""
    touch(cache, model_id)
    descriptor = _open(cache.used(model_id))
    if descriptor is not None:
        os.set_inheritable(descriptor, True)
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def is_in_use(cache: Cache, model_id: str) -> bool:
    """Return whether a process serves the model, on any machine whose locks are seen here."""
    descriptor = _open(cache.used(model_id))
    if descriptor is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
