"""The models room: whether the owner of a lease file is still there, told without trusting a clock."""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.models.owner import Owner

# More than a lease is long; what is longer is none.
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Timing:
    """How often an owner renews its lease, how long one counts that is not renewed, how often to look."""

    beat_s: float = 5.0
    ttl_s: float = 60.0
    poll_s: float = 0.3


USUAL = Timing()


@dataclass(frozen=True)
class Sight:
    """What a lease file looks like: its bytes are None where this user cannot read it."""

    data: bytes | None
    inode: int
    modified_ns: int

    @property
    def owner(self) -> Owner | None:
        return Owner.read(self.data) if self.data else None

    def is_same_lease(self, other: Sight) -> bool:
        return (
            self.inode == other.inode if self.data is None or other.data is None else self.data == other.data
        )


def look(path: Path) -> Sight | None:
    """Return what is at `path`, None where nothing is. Raises OSError.

    It is opened for it: a network file system may answer a mere stat from what it knew a minute ago.
    """
    try:
        # O_NONBLOCK: whatever it is, for example a pipe, it is not waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except PermissionError:
        status = path.stat()
        return Sight(None, status.st_ino, status.st_mtime_ns)
    try:
        status = os.fstat(descriptor)
        return Sight(_content(descriptor), status.st_ino, status.st_mtime_ns)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _MOST_BYTES)
    except (IsADirectoryError, BlockingIOError):
        return b""


class Watch:
    """What one process has seen of one lease file so far.

    An owner shows that it lives by renewing the file. It is taken for gone when this machine's kernel
    knows that it ended; when the file has not changed for `ttl_s` while it was watched; or when it is that
    old by the clock of the file system, which is asked by touching a file there: the clocks of two
    machines may differ by hours. Because even that clock can lie (some file systems take it from each
    client), two renewals must be missing before its word is taken.
    """

    def __init__(self, path: Path, timing: Timing, *, flock_works: bool) -> None:
        self._path, self._timing, self._flock_works = path, timing, flock_works
        self._seen: Sight | None = None
        self._since_s, self._age_s = 0.0, 0.0

    def look(self) -> Sight | None:
        """Look again, and return what is there now."""
        sight = look(self._path)
        if sight is not None and sight != self._seen:
            changed = self._seen is not None and sight.is_same_lease(self._seen)
            self._age_s = 0.0 if changed else age_s(self._path.parent, sight)
            self._since_s = time.monotonic()
        self._seen = sight
        return sight

    @property
    def is_stale(self) -> bool:
        """Whether nobody holds any more what was seen last."""
        sight = self._seen
        if sight is None:
            return False
        quiet_s = time.monotonic() - self._since_s
        if quiet_s >= self._timing.ttl_s:
            return True
        missed = quiet_s >= 2 * self._timing.beat_s
        if sight.owner is None and sight.data is not None:
            return missed  # nobody wrote that; an owner that was just writing it has done so by now
        if missed and self._age_s + quiet_s >= self._timing.ttl_s:
            return True
        return self._has_ended(sight)

    def _has_ended(self, sight: Sight) -> bool:
        """Whether the kernel of this machine says so."""
        owner = sight.owner
        if owner is None:
            return False
        if owner.is_gone:
            return True
        # In another container of this machine its id means nothing; but a lock ends with who holds it.
        return self._flock_works and owner.locked and owner.of_this_boot and _is_unlocked(self._path, sight)


def _is_unlocked(path: Path, sight: Sight) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return file.read(_MOST_BYTES) == sight.data
    except OSError:
        return False


def age_s(folder: Path, sight: Sight) -> float:
    """Return how old a lease is by the clock of its file system; 0 where that cannot be asked."""
    probe = folder / f".clock-{secrets.token_hex(8)}"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        now_ns = probe.stat().st_mtime_ns
        probe.unlink()
    except OSError:
        return 0.0
    return max(0.0, (now_ns - sight.modified_ns) / 1e9)
