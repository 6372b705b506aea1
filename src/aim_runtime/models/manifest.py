"""The models room: the record written last into a fetched folder, so that its presence means whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.events import Progress, Report

NAME = ".aim-manifest.json"
FORMAT = 1


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
    folder: Path, source: str, revision: str | None, promised: Mapping[str, str], report: Report
) -> Manifest:
    """Hash and sync every file of `folder`, compare with the `promised` SHA-256, and write the manifest.

    Raises VerificationFailed naming the first file that is not what the source promised.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    total_bytes = sum(path.stat().st_size for path in paths)
    done_bytes = 0
    files: dict[str, FileRecord] = {}
    for path in paths:
        report(Progress("verify", done_bytes, total_bytes))
        name = path.relative_to(folder).as_posix()
        record = _record(path)
        if promised.get(name, record.sha256) != record.sha256:
            raise VerificationFailed(
                f"{name} arrived damaged: SHA-256 {promised[name]} was promised, {record.sha256} arrived",
                hint="fetch again; if it persists, something between here and the source changes bytes",
            )
        files[name] = record
        done_bytes += record.size
    report(Progress("verify", total_bytes, total_bytes))
    manifest = Manifest(source, revision, datetime.now(UTC).isoformat(timespec="seconds"), files)
    _write(folder, manifest)
    return manifest


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())  # after a power cut the manifest must not outlive the bytes it vouches for
        status = os.fstat(file.fileno())
        # Some libraries create files that only their owner can read; another user's container
        # shares this cache. A file is as readable as the folder it is in.
        os.fchmod(file.fileno(), status.st_mode & 0o7777 | path.parent.stat().st_mode & 0o444)
    return FileRecord(status.st_size, digest)


def _write(folder: Path, manifest: Manifest) -> None:
    temporary = folder / f"{NAME}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / NAME)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
