"""The models room: the two ways in which a model lies in the cache, and how it gets there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath

from aim_runtime.models import manifest, orphans, sharing
from aim_runtime.models.cache import Cache, make_folder, not_writable
from aim_runtime.models.durable import sync_folder
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.swap import publish
from aim_runtime.models.transfer.remote import Algorithm, Digest

DEFAULT_REVISION = "main"
# By these a hub names the content of its files, large and small ones.
_NAMES = (Algorithm.SHA256, Algorithm.GIT_SHA1)


class Layout(StrEnum):
    """`folder` is `<cache>/<org>/<model>/`; `hub` is that of huggingface_hub, below `<cache>/hub/`."""

    FOLDER = "folder"
    HUB = "hub"


def place(layout: Layout, cache: Cache, model_id: str, sources: tuple[ModelRef, ...]) -> Path:
    """Return where the model lies in this layout of this cache, or would."""
    if layout is Layout.FOLDER:
        return cache.folder(model_id)
    revision = next((ref.revision for ref in sources), None)
    found = cache.snapshot(cache.hub, model_id, revision)
    return found or cache.repository(model_id) / "snapshots" / (revision or DEFAULT_REVISION)


def put(layout: Layout, cache: Cache, model_id: str, staged: Path, ref: ModelRef, fetched: Fetched) -> Path:
    """Move the sealed folder `staged` to its place in the cache, in one step, and return the place."""
    if layout is Layout.FOLDER:
        final = cache.folder(model_id)
        publish(staged, final, cache.trash(model_id))
        return final
    repository = cache.repository(model_id)
    # What the hub calls the version: what else would fetch this snapshot looks for it under that name.
    commit = fetched.revision or ref.revision or DEFAULT_REVISION
    final = repository / "snapshots" / commit
    make_folder(repository / "blobs")
    try:
        linked = _move_to_blobs(staged, repository, commit, fetched.promised)
        publish(linked, final, cache.trash(model_id))
        _point(repository, ref.revision or DEFAULT_REVISION, commit)
    except OSError as error:
        raise not_writable(final, error) from error
    orphans.sweep(repository / "blobs")
    return final


def _move_to_blobs(staged: Path, repository: Path, commit: str, promised: Mapping[str, Digest]) -> Path:
    """Move the files of `staged` below `blobs/`; return a folder beside it that links to them.

    Where the file system has no links the folder itself is returned, and holds the files.
    """
    linked = staged.with_name(f"{staged.name}.{commit}")
    shutil.rmtree(linked, ignore_errors=True)
    linked.mkdir()
    if not _can_link(linked):
        linked.rmdir()
        return staged
    written = manifest.read(staged)
    for name, record in (written.files if written else {}).items():
        digest = promised.get(name)
        blob = digest.value if digest and digest.algorithm in _NAMES else record.sha256
        (staged / name).replace(repository / "blobs" / blob)
        link = linked / name
        link.parent.mkdir(parents=True, exist_ok=True)
        up = "../" * (len(PurePosixPath(name).parts) + 1)
        link.symlink_to(f"{up}blobs/{blob}")
    sync_folder(repository / "blobs")
    (staged / manifest.NAME).replace(linked / manifest.NAME)
    sharing.open_all_below(linked)
    return linked


def _can_link(folder: Path) -> bool:
    probe = folder / ".link"
    try:
        probe.symlink_to("nothing")
    except OSError:
        return False
    probe.unlink()
    return True


def _point(repository: Path, revision: str, commit: str) -> None:
    """Write down which commit a branch or tag was at, as huggingface_hub does."""
    if revision == commit:
        return
    ref = repository / "refs" / revision
    make_folder(ref.parent)
    temporary = ref.with_name(f"{ref.name}.{os.getpid()}.tmp")
    temporary.write_text(commit, encoding="ascii")
    temporary.replace(ref)
