"""The models room: the record written last into a fetched folder, so that its presence means whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from aim_runtime.errors import VerificationFailed
from aim_runtime.models import durable, sharing
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.transfer.digests import Checksums
from aim_runtime.models.transfer.remote import Digest

NAME = ".aim-manifest.json"
FORMAT = 1
_PIECE_BYTES = 1024 * 1024
# A sync of one small file takes milliseconds, and one of the whole file system not many more.
_MOST_SYNCED_BY_NAME = 64


@dataclass(frozen=True)
class FileRecord:
    """One file as it was when the fetch ended; `sha256` in hex."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Where a folder came from and what is in it; `created` is UTC in ISO 8601."""

    source: str
    revision: str | None
    created: str
    files: Mapping[str, FileRecord]


def seal(
    folder: Path,
    source: str,
    revision: str | None,
    report: Report,
    *,
    known: Mapping[str, str] | None = None,
    promised: Mapping[str, Digest] | None = None,
) -> Manifest:
    """Sync every file of `folder`, hash those whose SHA-256 is not `known`, and write the manifest.

    Raises VerificationFailed naming the first file that is not what the source `promised`.
    """
    # Some libraries create files that only their owner can read; another user's container shares this cache.
    sharing.open_all_below(folder)
    known, promised = known or {}, promised or {}
    paths = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }
    unread = [path.stat().st_size for name, path in paths.items() if name not in known]
    done_bytes, total_bytes = 0, sum(unread)
    few = len(paths) <= _MOST_SYNCED_BY_NAME
    files: dict[str, FileRecord] = {}
    for name, path in paths.items():
        if name not in known:
            report(Progress("verify", done_bytes, total_bytes))
        files[name] = _record(path, name, known.get(name), promised.get(name), sync=few)
        done_bytes += 0 if name in known else files[name].size
    if total_bytes:
        report(Progress("verify", total_bytes, total_bytes))
    if not few:
        durable.sync_file_system(folder)
    manifest = Manifest(source, revision, datetime.now(UTC).isoformat(timespec="seconds"), files)
    _write(folder, manifest)
    return manifest


def _record(path: Path, name: str, sha256: str | None, promised: Digest | None, *, sync: bool) -> FileRecord:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if sha256 is None:
            sha256 = _sha256(file, name, promised, status.st_size)
        if sync:  # after a power cut the manifest must not outlive the bytes it vouches for
            os.fsync(file.fileno())
    return FileRecord(status.st_size, sha256)


def _sha256(file: BinaryIO, name: str, promised: Digest | None, size_bytes: int) -> str:
    sums = Checksums(promised, size_bytes)
    while piece := file.read(_PIECE_BYTES):
        sums.update(piece)
    if sums.broken:
        expected, got = sums.broken
        raise VerificationFailed(
            f"{name} arrived damaged: {expected} was promised, {got} arrived",
            hint="fetch again; if it persists, something between here and the source changes bytes",
        )
    return sums.sha256


def _write(folder: Path, manifest: Manifest) -> None:
    temporary = folder / f"{NAME}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    sharing.open_as_the_parent(temporary)
    temporary.replace(folder / NAME)
    durable.sync_folder(folder)


def read(folder: Path) -> Manifest | None:
    """Return the manifest of `folder`, or None when there is none that can be understood."""
    try:
        data = json.loads((folder / NAME).read_bytes())
        if data["format"] != FORMAT:
            return None
        files = {
            str(name): FileRecord(int(file["size"]), str(file["sha256"]))
            for name, file in data["files"].items()
        }
        revision = data["revision"]
        return Manifest(
            str(data["source"]), None if revision is None else str(revision), str(data["created"]), files
        )
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None


def size_problems(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files of `folder` that are gone or have another size than when they were fetched."""
    found = []
    for name, record in sorted(manifest.files.items()):
        try:
            size_bytes = (folder / name).stat().st_size
        except (OSError, ValueError):
            found.append(f"{name} is missing")
            continue
        if size_bytes != record.size:
            found.append(f"{name} is {size_bytes} bytes long, but was {record.size} when it was fetched")
    return found
