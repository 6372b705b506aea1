"""The models room: one process at a time fetches a model; the others wait and then find it there.

A lease is a file that is created exclusively and renewed every few seconds. It saves bandwidth, and
nothing depends on it: each process puts a model together in a folder of its own (`staging`), and
publishes it whole by a rename (`swap`). So two that both believe to be the owner only do it twice.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.events import Event, Notice, Progress, Report
from aim_runtime.models.owner import Owner
from aim_runtime.models.watch import USUAL, Sight, Timing, Watch, look


class Taken(Exception):
    """Another process took the lease over, because this one did not renew it for too long."""


class Lease:
    """The turn of this process. Without `path` it got none, and goes on all the same.

    `gone` are the tokens of those that it took the lease from: what they left may be taken too.
    """

    def __init__(
        self, owner: Owner, path: Path | None = None, descriptor: int = -1, gone: frozenset[str] = frozenset()
    ) -> None:
        self.owner, self.gone = owner, gone
        self.progress: Progress | None = None
        self._path, self._descriptor = path, descriptor
        self._also: Callable[[], None] | None = None
        self._taken, self._over, self._one_at_a_time = threading.Event(), threading.Event(), threading.Lock()

    def with_each_beat(self, call: Callable[[], None]) -> None:
        """Call this too whenever the lease is renewed; an OSError that it raises is nothing."""
        self._also = call

    def checked(self, report: Report) -> Report:
        """Return `report`, made to keep the last progress, and to raise Taken once another took over."""

        def checking(event: Event) -> None:
            report(event)
            if isinstance(event, Progress) and event.phase == "download":
                self.progress = event
            if self._taken.is_set():
                raise Taken

        return checking

    @property
    def was_taken(self) -> bool:
        """Whether another process has it now; looks."""
        self._renew()
        return self._taken.is_set()

    def keep(self, beat_s: float) -> None:
        """Renew it from now on, every `beat_s` seconds, whatever this process is busy with."""

        def beat() -> None:
            while not self._over.wait(beat_s):
                self._renew()

        threading.Thread(target=beat, name="lease", daemon=True).start()

    def _renew(self) -> None:
        with self._one_at_a_time:
            if self._over.is_set():
                return
            if self._also is not None:
                with suppress(OSError):
                    self._also()
            if self._path is not None:
                # A server that is away for a moment is asked again at the next beat.
                with suppress(OSError):
                    self._renew_file(self._path)

    def _renew_file(self, path: Path) -> None:
        sight = look(path)
        if sight is None:
            # Somebody cleaned up, or is about to take over: whoever creates the file has it.
            sharing.make(path.parent)
            before, self._descriptor = self._descriptor, _create(path, self.owner)
            os.close(before)
        elif sight.data != self.owner.write():
            self._taken.set()
        else:
            os.utime(path)  # by the clock of the file system, where that has one

    def release(self) -> None:
        """Let the next one have it; never raises."""
        self._over.set()
        if self._path is None:
            return
        with self._one_at_a_time:
            with suppress(OSError):
                sight = look(self._path)
                if sight is not None and sight.data == self.owner.write():
                    take_away(self._path, sight, self.owner.token)
            os.close(self._descriptor)


@contextmanager
def held(
    path: Path,
    what: str,
    report: Report,
    *,
    flock_works: bool,
    exclusive: bool = True,
    others: Callable[[], Progress] = lambda: Progress("wait", 0),
    timing: Timing = USUAL,
) -> Iterator[Lease]:
    """Hold the lease file `path` while the block runs, waiting for whoever has it.

    Where that is not possible the block runs without: another user's file that cannot be replaced, a file
    system that creates no file exclusively (`exclusive`). `others` tells how far those are that one waits
    for.
    """
    owner = replace(Owner.me(what), locked=flock_works)
    if exclusive:
        watch = Watch(path, timing, flock_works=flock_works)
        lease = _wait_for(path, owner, watch, report, others, timing.poll_s)
    else:
        report(Notice(f"this file system has no locks: another process may be fetching {what} too"))
        lease = Lease(owner)
    lease.keep(timing.beat_s)
    try:
        yield lease
    finally:
        lease.release()


def _wait_for(
    path: Path, owner: Owner, watch: Watch, report: Report, others: Callable[[], Progress], poll_s: float
) -> Lease:
    waited, gone = False, frozenset[str]()
    while True:
        try:
            found = _attempt(path, owner, watch, gone)
            taken = isinstance(found, Sight) and watch.is_stale and _take_over(path, found, owner)
        except OSError as error:
            # Of another user, or in a folder of another user's, or on a disk without room for it.
            report(Notice(f"{path} cannot be had ({error.strerror}); fetching {owner.what} without it"))
            return Lease(owner, gone=gone)
        if isinstance(found, Lease):
            return found
        if found is not None and taken:
            report(Notice(f"who was fetching {owner.what} is gone; taking over{_who(found)}"))
            gone |= {found.owner.token} if found.owner else set()
            continue
        if found is not None and not waited:
            report(Notice(f"another process is fetching {owner.what}; waiting for it{_who(found)}"))
            waited = True
        # In steps: a wait in the kernel would not end when this process is asked to stop.
        time.sleep(poll_s)
        report(others())


def _attempt(path: Path, owner: Owner, watch: Watch, gone: frozenset[str]) -> Lease | Sight | None:
    """Create the lease, or return the one that is there. Raises OSError where it can never be had."""
    sharing.make(path.parent)
    with suppress(FileExistsError):
        return Lease(owner, path, _create(path, owner), gone)
    return watch.look()


def _who(sight: Sight) -> str:
    return f" ({sight.owner})" if sight.owner else ""


def _create(path: Path, owner: Owner) -> int:
    """Create the file, or raise FileExistsError; while its descriptor is open, it is locked if it can be."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        if owner.locked:
            _lock(descriptor)
        sharing.open_as_the_parent(path)
        os.write(descriptor, owner.write())  # last: until it is there, nobody judges the rest
    except OSError:
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
        raise
    return descriptor


def _lock(descriptor: int) -> None:
    """Lock a new file; a waiter may hold it for the moment in which it tries whether it is locked."""
    for _ in range(20):
        with suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.02)
    return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_over(path: Path, sight: Sight, owner: Owner) -> bool:
    """Remove a lease that nobody holds any more. Raises OSError where this user may not."""
    try:
        return take_away(path, sight, owner.token)
    except FileNotFoundError:
        return False  # another waiter was faster


def take_away(path: Path, sight: Sight, token: str) -> bool:
    """Remove the lease that was seen, and no other. Raises OSError where it cannot be moved.

    Between looking and removing another process may have done the same, and put its own in the place. So
    it is moved aside first, which only one can do, and looked at there; a wrong one is put back.
    """
    aside = path.with_name(f".{path.name}.{token}")
    path.rename(aside)
    found = look(aside)
    right = found is not None and found.is_same_lease(sight)
    if not right:
        with suppress(OSError):  # where that fails, its owner makes it anew at its next beat
            os.link(aside, path)
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)
    return right
