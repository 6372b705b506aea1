"""The models room: who is at work on a model: fetching it, serving it, having its files open."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from aim_runtime.models.inventory.entry import Fetching

# Whoever fetches renews a lease every few seconds.
_LEASE_S = 60.0


def fetching(lock: Path) -> Fetching | None:
    """Return who fetches the model that the file `lock` is about; None where nobody does."""
    try:
        with lock.open("rb") as file:
            said = file.read(65536)
            if said:  # a lease: its age tells, and the lock on it is not disturbed
                fresh = time.time() - os.fstat(file.fileno()).st_mtime < _LEASE_S
                return _described(said) if fresh else None
    except OSError:
        return None
    return Fetching() if is_locked(lock) else None


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock file `path`."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _described(said: bytes) -> Fetching:
    try:
        owner = json.loads(said)
        return Fetching(str(owner["host"]), int(owner["pid"]), str(owner["started"]))
    except (ValueError, KeyError, TypeError):
        return Fetching()


def open_files(proc: Path = Path("/proc")) -> frozenset[tuple[int, int]]:
    """Return device and inode of every file that a process has open or mapped, as far as this user sees.

    Processes of other containers and machines are not seen: those show by their locks (`used.py`).
    """
    return frozenset(file for pid in _processes(proc) for file in (*_descriptors(pid), *_mapped(pid)))


def _processes(proc: Path) -> list[Path]:
    try:
        return [each for each in proc.iterdir() if each.name.isdigit()]
    except OSError:
        return []


def _descriptors(process: Path) -> Iterator[tuple[int, int]]:
    try:
        found = list((process / "fd").iterdir())
    except OSError:
        return
    for each in found:
        try:
            status = each.stat()
        except OSError:
            continue
        yield status.st_dev, status.st_ino


def _mapped(process: Path) -> Iterator[tuple[int, int]]:
    """Engines map their weights and close the file."""
    try:
        lines = (process / "maps").read_text(errors="replace").splitlines()
    except OSError:
        return
    for path in {fields[5] for line in lines if len(fields := line.split(maxsplit=5)) == 6}:
        if not path.startswith("/"):
            continue
        try:
            # By its name, as that process sees it: the device in `maps` is not stat's on every file system.
            status = os.stat(f"{process}/root{path}")  # noqa: PTH116 - thousands of them
        except OSError:
            continue
        yield status.st_dev, status.st_ino
