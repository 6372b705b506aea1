"""The models room: the model of a cache that is to be exported, with a digest for every file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aim_runtime.errors import ModelNotFound, VerificationFailed, did_you_mean
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache, looks_filled, names
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.portable.checked_copy import sha256_of
from aim_runtime.models.portable.model import Piece, Portable, address
from aim_runtime.models.portable.watch import Watch
from aim_runtime.models.preflight import problems


def collect(model_id: str, cache: Cache, report: Report) -> Portable:
    """Return the model `model_id` of the cache, in whichever layout it is there.

    Where it has no manifest, as in the cache of another program, its files are hashed. Raises
    ModelNotFound, and VerificationFailed where it is not whole.
    """
    location = cache.locate(model_id, ())
    if not location.present:
        there = _models(cache)
        raise ModelNotFound(
            f"{model_id} is not in the cache at {cache.root}{did_you_mean(model_id, there)}",
            hint=f"it has {', '.join(there)}" if there else "fetch it first",
        )
    folder = location.path
    faults = problems(folder)
    if faults:
        raise VerificationFailed(
            f"{folder} is not a whole model: {'; '.join(faults)}", hint="fetch it again, then export it"
        )
    written = manifest.read(folder)
    if written is not None:
        pieces = {
            name: Piece(folder / name, record.size, record.sha256)
            for name, record in sorted(written.files.items())
        }
        return Portable(model_id, written.source, written.revision, written.created, pieces)
    report(Notice(f"{folder} has no manifest: its files are taken as they are, and hashed"))
    source, revision = _origin(model_id, folder)
    pieces = _hashed(folder, report)
    newest_s = max(piece.path.stat().st_mtime for piece in pieces.values())
    created = datetime.fromtimestamp(newest_s, UTC).isoformat(timespec="seconds")
    return Portable(model_id, source, revision, created, pieces)


def _origin(model_id: str, folder: Path) -> tuple[str, str | None]:
    """The hub's cache says in its names which commit it is; of any other folder nothing is known."""
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        return f"hf://{model_id}", folder.name
    return address(folder), None


def _hashed(folder: Path, report: Report) -> dict[str, Piece]:
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.relative_to(folder).parts[0].startswith(".")
    )
    watch = Watch("hash", sum(path.stat().st_size for path in paths), report)
    return {path.relative_to(folder).as_posix(): _piece(path, watch) for path in paths}


def _piece(path: Path, watch: Callable[[int], None]) -> Piece:
    try:
        # Where a link leads, so that what is exported is the file itself.
        return Piece(path.resolve(), path.stat().st_size, sha256_of(path, watch))
    except OSError as error:
        raise VerificationFailed(f"{path} cannot be read: {error.strerror}") from error


def _models(cache: Cache) -> list[str]:
    return [
        f"{organisation}/{name}"
        for organisation in sorted(names(cache.root))
        if not organisation.startswith(".")
        for name in sorted(names(cache.root / organisation))
        if looks_filled(cache.root / organisation / name)
    ]
