"""The models room: what was exported elsewhere, verified and published into this cache."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from aim_runtime.errors import InvalidValue, ModelNotFound, VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.cache import Cache, ensure_space, make_folder, not_writable
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.manifest import FileRecord
from aim_runtime.models.oci.layers import unpack_layers
from aim_runtime.models.portable import folder, layout_read
from aim_runtime.models.portable.checked_copy import copy, verify
from aim_runtime.models.portable.layout import MARK
from aim_runtime.models.portable.model import Piece, Portable
from aim_runtime.models.portable.watch import Watch
from aim_runtime.models.preflight import problems
from aim_runtime.models.swap import publish
from aim_runtime.models.turn import in_turn
from aim_runtime.models.wanted import choose
from aim_runtime.models.words import is_cache_fault

_RESERVE_BYTES = 1024 * 1024


def take_in(path: Path, cache: Cache, report: Report, *, model_id: str | None = None) -> Path:
    """Put the exported model at `path` into the cache, under `model_id` or its own name; return its folder.

    Every byte is compared with its digest before anything is at the returned path. Raises ModelNotFound,
    VerificationFailed and CacheNotWritable.
    """
    model = _wanted(_read(path), report)
    name = model_id or model.model_id
    if name is None:
        raise InvalidValue(f"{path} does not say which model it is", hint="name it: --as ORG/MODEL")
    final = cache.folder(name)
    if _is_there(model, final, name, report):
        return final  # before the lock: a cache that cannot be written is good enough for this

    def work(staging: Path, checked: Report) -> Path:
        into = staging / "import"
        try:
            shutil.rmtree(into, ignore_errors=True)
            make_folder(into)
            # What comes out of layers is about as large as they are: weights hardly shrink.
            ensure_space(into, model.size_bytes + _RESERVE_BYTES)
            _fill(model, str(path), into, checked)
            faults = problems(into)
            if faults:
                raise VerificationFailed(f"{path} does not hold a whole model: {'; '.join(faults)}")
            known = {each: piece.sha256 for each, piece in model.pieces.items()}
            manifest.seal(into, model.source, model.revision, checked, known=known)
            publish(into, final, cache.trash(name))
        finally:
            shutil.rmtree(into, ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)  # and what a fetch of it left there
        return final

    try:
        done = in_turn(cache, name, lambda: _is_there(model, final, name, lambda _: None), work, report)
    except OSError as error:
        if not is_cache_fault(error):
            raise
        raise not_writable(cache.root, error) from error
    if done is None:
        report(Notice(f"{name} is already in the cache at {final}; nothing to import"))
        return final
    report(Notice(f"{name} is in the cache at {final}, from {path}"))
    return final


def _read(path: Path) -> Portable:
    # First the layout: nothing keeps a SHA256SUMS out of one.
    if layout_read.is_one(path):
        return layout_read.read(path)
    if folder.is_one(path):
        return folder.read(path)
    what = "not an exported model" if os.path.exists(path) else "not there, or closed to this user"  # noqa: PTH110
    raise ModelNotFound(
        f"{path} is {what}: it has neither {MARK} nor {folder.SUMS} nor {manifest.NAME}",
        hint="name the folder that `aim-runtime cache export` wrote, or an OCI image layout; "
        "unpack it first if it is in an archive",
    )


def _wanted(model: Portable, report: Report) -> Portable:
    wanted = choose({name: piece.size_bytes for name, piece in model.pieces.items()})
    if saved := str(wanted):
        report(Notice(saved))
    return replace(model, pieces={name: model.pieces[name] for name in wanted.sizes})


def _is_there(model: Portable, final: Path, name: str, report: Report) -> bool:
    """Return whether the cache holds the same already, whole; say so, or what is there instead."""
    written = manifest.read(final)
    if written is None or problems(final):
        return False
    records = {each: FileRecord(piece.size_bytes, piece.sha256) for each, piece in model.pieces.items()}
    same = (written.source, written.revision) == (model.source, model.revision)
    if same if model.archives else written.files == records:
        report(Notice(f"{name} is already in the cache at {final}; nothing to import"))
        return True
    report(Notice(f"{final} holds {written.source} (revision {written.revision}), which is replaced"))
    return False


def _fill(model: Portable, where: str, into: Path, report: Report) -> None:
    """Bring all files into `into`, each only when its bytes are right."""
    watch = Watch("import", model.size_bytes, report)
    for archive in model.archives:
        layer = archive.descriptor
        verify(Piece(model.blobs / layer.sha256, layer.size, layer.sha256), layer.digest, watch)
    if model.archives:
        unpack_layers(where, model.archives, model.blobs, into, report)
    for name, piece in model.pieces.items():
        (into / name).unlink(missing_ok=True)
        copy(piece, name, into / name, watch)
