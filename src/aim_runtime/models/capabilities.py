"""The models room: what the file system of a cache can do; some of those that clusters mount lack a lot."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models import filesystem, sharing

_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Capabilities:
    """What was tried and worked. Weights cannot be kept without the first two."""

    rename: bool
    positional_write: bool
    exclusive_create: bool
    flock: bool
    chmod: bool
    symlink: bool

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(field.name.replace("_", " ") for field in fields(self) if not getattr(self, field.name))


def probe(folder: Path) -> Capabilities:
    """Try everything in a folder of its own below `folder`, which is gone afterwards. Raises OSError."""
    place = folder / f".probe-{secrets.token_hex(4)}"
    sharing.make(place)
    try:
        return Capabilities(
            rename=_works(_rename, place),
            positional_write=_works(_positional_write, place),
            exclusive_create=_works(_exclusive_create, place),
            flock=_works(_flock, place),
            chmod=_works(_chmod, place),
            symlink=_works(_symlink, place),
        )
    finally:
        shutil.rmtree(place, ignore_errors=True)


def require(found: Capabilities, folder: Path) -> None:
    """Raise CacheNotWritable where weights cannot be put into `folder`, naming its file system."""
    lacking = [name for name in ("rename", "positional write") if name in found.missing]
    if lacking:
        raise CacheNotWritable(
            f"{folder} is on a file system ({file_system(folder)}) without {' and '.join(lacking)}, "
            "and a model cannot be fetched to it",
            hint="set AIM_CACHE_PATH to a volume of another kind; this one can still be read: a whole model "
            "that is copied to it by its own tools is served from there",
        )


def file_system(folder: Path) -> str:
    """Return the kind of the file system that `folder` is on, for a message."""
    return filesystem.kind(folder) or "of unknown kind"


def _works(attempt: Callable[[Path], bool], place: Path) -> bool:
    try:
        return attempt(place)
    except OSError as error:
        if error.errno in _FULL:
            raise  # it says nothing about what there would be with room
        return False


def _rename(place: Path) -> bool:
    """A folder that is not empty: that is how a model is published."""
    before, after = place / "before", place / "after"
    sharing.make(before)
    (before / "file").touch()
    before.rename(after)
    return (after / "file").exists() and not before.exists()


def _positional_write(place: Path) -> bool:
    descriptor = os.open(place / "written", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, b"b", 4096)
        os.pwrite(descriptor, b"a", 0)
    finally:
        os.close(descriptor)
    data = (place / "written").read_bytes()
    return (len(data), data[:1], data[-1:]) == (4097, b"a", b"b")


def _exclusive_create(place: Path) -> bool:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    os.close(os.open(place / "exclusive", flags, 0o600))
    try:
        os.close(os.open(place / "exclusive", flags, 0o600))
    except FileExistsError:
        return True
    return False


def _flock(place: Path) -> bool:
    with (place / "locked").open("wb") as first, (place / "locked").open("wb") as second:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False  # a lock that two can hold at once locks nothing


def _chmod(place: Path) -> bool:
    file = place / "mode"
    file.touch()
    file.chmod(0o640)
    return file.stat().st_mode & 0o777 == 0o640


def _symlink(place: Path) -> bool:
    (place / "link").symlink_to("mode")
    return (place / "link").is_symlink()
