"""The models room: caches that cannot take what is missing, said with what that is."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models.cache import WRITABLE_HINT, free_bytes
from aim_runtime.models.events import Event, Progress, Report
from aim_runtime.models.transfer.sockets import chain
from aim_runtime.models.words import size, why_not_writable


class Gauge:
    """Passes on what a fetch reports, and keeps how much of its download is still to come."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.left_bytes: int | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.phase == "download" and event.total_bytes is not None:
            self.left_bytes = event.total_bytes - event.done_bytes
        self._report(event)


def require_writable(folder: Path, model_id: str, at: Path, fault: str) -> None:
    """Raise CacheNotWritable where `folder` cannot be made or written, saying what is with the model.

    Asks the system, and changes nothing. `fault` is what is wrong with what is at `at`, empty where nothing
    is there.
    """
    there = next(each for each in (folder, *folder.absolute().parents) if _exists(each))
    refusal = _refusal(there)
    if refusal is None:
        return
    lacks = f"{at} {fault}" if fault else f"{model_id} is not there"
    raise CacheNotWritable(
        f"cannot write to {there}: {why_not_writable(OSError(refusal, os.strerror(refusal)))}, and {lacks}",
        hint=f"{WRITABLE_HINT}, mount this one so that it can be written once, "
        f"or copy {'what is missing' if fault else 'a whole model'} to {at}",
    )


def _exists(path: Path) -> bool:
    # Path.exists raises where a folder above is closed to this user.
    return os.path.lexists(path)


def _refusal(folder: Path) -> int | None:
    """Return the number of the error that a write to `folder` would end with."""
    if not os.path.isdir(folder):  # noqa: PTH112 - as above
        return errno.ENOTDIR
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return errno.EROFS
    return None if os.access(folder, os.W_OK | os.X_OK) else errno.EACCES


def no_room(error: BaseException, folder: Path, left_bytes: int | None) -> CacheNotWritable | None:
    """Return what to raise where `error` comes of a disk or a quota that filled up, else None."""
    full = [
        link.errno
        for link in chain(error)
        if isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT)
    ]
    if not full:
        return None
    need = "more is needed" if left_bytes is None else f"{size(left_bytes)} more are needed"
    try:
        free = f"{size(free_bytes(folder))} are free"
    except OSError:
        free = "how much is free is not known"
    return CacheNotWritable(
        f"cannot write to {folder}: {why_not_writable(OSError(full[0], ''))}; {need}, {free}",
        hint=f"make room there and fetch again: what has arrived is kept; or {WRITABLE_HINT}",
    )
