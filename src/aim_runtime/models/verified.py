"""The models room: which bytes were found right already, so that no start hashes them again.

A file counts as right while its size, its time of change and its inode are those that it had when its
SHA-256 was compared: when it was fetched, or by the first start after somebody copied the folder here.
What a disk loses without changing any of them is what a deep verification of the cache is for: to hash
140 GB at every start would keep a core busy for two minutes, and hardly ever find anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from aim_runtime.models import manifest
from aim_runtime.models.manifest import FileRecord

_Stamp = list[int]  # size in bytes, time of change in ns, inode


def unverified(folder: Path, record: Path) -> Mapping[str, FileRecord]:
    """Return the files of the folder's manifest that `record` does not vouch for, by their names."""
    written = manifest.read(folder)
    if written is None:
        return {}
    known = _read(record)
    return {
        name: file
        for name, file in written.files.items()
        if known.get(name) != [*(_stamp(folder / name) or [-1]), file.sha256]
    }


def remember(folder: Path, record: Path) -> None:
    """Write down that every file of the folder's manifest is right; of a read-only cache nothing is."""
    written = manifest.read(folder)
    if written is None:
        return
    stamps = {name: [*(_stamp(folder / name) or []), file.sha256] for name, file in written.files.items()}
    temporary = record.with_name(f"{record.name}.{os.getpid()}")
    with suppress(OSError):
        record.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(stamps), encoding="utf-8")
        temporary.replace(record)


def sealed(folder: Path) -> object:
    """Return what tells one manifest of a folder from the next; equal while nothing is fetched into it."""
    return _stamp(folder / manifest.NAME)


def _stamp(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _read(record: Path) -> Mapping[str, object]:
    try:
        found = json.loads(record.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
