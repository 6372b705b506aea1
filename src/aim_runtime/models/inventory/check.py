"""The models room: every byte of a model against what it was when it arrived."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.models import background, manifest
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.inventory import tree
from aim_runtime.models.inventory.entry import Entry
from aim_runtime.models.layouts import Layout
from aim_runtime.models.preflight import untraced

# One reads while the other computes; more would only fight for the disk.
_THREADS = 2
_PIECE_BYTES = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")
# Where `hf download --local-dir` writes what it was promised: the commit, the digest, the time.
_LOCAL_RECORDS = ".cache/huggingface/download"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong; `expected` and `got` are digests, where bytes were compared."""

    text: str
    file: str | None = None
    expected: str | None = None
    got: str | None = None


@dataclass(frozen=True)
class Checked:
    """What a look at one model found. `record` is what bytes were compared with, None where with nothing.

    `set_aside` are the files that were renamed, so that nothing takes them for what they should be.
    """

    entry: Entry
    faults: tuple[Fault, ...]
    record: str | None = None
    files: int = 0
    set_aside: tuple[Path, ...] = ()


def check(entry: Entry, root: Path, *, deep: bool, report: Report) -> Checked:
    """Look at names, sizes and headers; `deep` reads every byte that there is a record of.

    A file with wrong bytes is set aside, where it is in the cache at `root` and that can be written.
    """
    faults = tuple(Fault(text) for text in entry.faults)
    if not deep:
        return Checked(entry, faults)
    record, promised = _promised(entry)
    got = _hash_all(entry.path, promised, report)
    wrong = tuple(
        _fault(name, promised[name], digest)
        for name, digest in sorted(got.items())
        if digest != promised[name]
    )
    names = [fault.file for fault in wrong if fault.file and fault.got]
    aside = tuple(path for name in names if (path := _set_aside(entry.path / name, root)) is not None)
    new = (fault for fault in wrong if fault.text not in entry.faults)
    return Checked(entry, (*faults, *new), record, len(got), aside)


def _fault(name: str, promised: str, got: str | OSError) -> Fault:
    if isinstance(got, OSError):  # a disk that fails is one of the things that this is to find
        return Fault(f"{name} cannot be read ({got.strerror})", name)
    return Fault(f"{name} does not have the bytes that arrived", name, promised, got)


def _promised(entry: Entry) -> tuple[str | None, Mapping[str, str]]:
    """Return what the files of a model are to be compared with: by whom it was written, and digests."""
    written = manifest.read(entry.path)
    if written is not None:
        return f"the manifest of {written.created}", {
            name: record.sha256 for name, record in written.files.items()
        }
    found: dict[str, str] = {}
    for path in tree.files_below(entry.path):
        name = path.relative_to(entry.path).as_posix()
        digest = _blob(path) if entry.layout is Layout.HUB else _local_record(entry.path, name)
        if digest is not None and _DIGEST.fullmatch(digest):
            found[name] = digest
    if not found:
        return None, {}
    return (
        "the names of its blobs" if entry.layout is Layout.HUB else "the records of huggingface_hub"
    ), found


def _blob(path: Path) -> str | None:
    return path.readlink().name if tree.is_link(path) else None


def _local_record(folder: Path, name: str) -> str | None:
    try:
        return (folder / _LOCAL_RECORDS / f"{name}.metadata").read_text("ascii").splitlines()[1].strip('"')
    except (OSError, ValueError, IndexError):
        return None


def _hash_all(folder: Path, promised: Mapping[str, str], report: Report) -> dict[str, str | OSError]:
    """Return the digests of the files that are there, each of the kind that was promised, or why not."""
    sizes = {name: size for name in promised if (size := _size(folder / name)) is not None}
    total_bytes, counted = sum(sizes.values()), _Counter()

    def digest(name: str) -> tuple[str, str | OSError]:
        return name, _digest(folder / name, promised[name], sizes[name], counted.add)

    def watch() -> None:
        report(Progress("verify", min(counted.bytes, total_bytes), total_bytes))

    # The largest first, so that none of them is left for the end.
    workers = background.each(sorted(sizes, key=lambda name: (-sizes[name], name)), digest, _THREADS)
    got = dict(background.watched(workers, watch))
    report(Progress("verify", total_bytes, total_bytes))
    return got


class _Counter:
    """Bytes, counted by several threads."""

    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


def _digest(path: Path, promised: str, size_bytes: int, count: Callable[[int], None]) -> str | OSError:
    """Return the SHA-256, or git's SHA-1 where that was promised; the error where it cannot be read."""
    digest = hashlib.sha256() if len(promised) == 64 else hashlib.sha1(b"blob %d\0" % size_bytes)
    buffer = memoryview(bytearray(_PIECE_BYTES))
    try:
        with open(path, "rb", buffering=0, opener=untraced) as file:
            while got := file.readinto(buffer):
                digest.update(buffer[:got])
                count(got)
    except OSError as error:
        return error
    return digest.hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return None


def _set_aside(path: Path, root: Path) -> Path | None:
    """Rename a file with wrong bytes: a link's own file, so that other snapshots do not use it either."""
    with suppress(OSError, RuntimeError):
        real = path.resolve()
        if real.is_relative_to(root.resolve()):
            return real.rename(real.with_name(f"{real.name}.damaged"))
    return None
