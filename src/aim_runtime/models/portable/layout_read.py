"""The models room: a model out of an OCI image layout, ours or one that another tool wrote."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.oci.contents import contents_of
from aim_runtime.models.oci.manifest import Descriptor, Index, Manifest, parse
from aim_runtime.models.oci.media import OCI_INDEX, Packing
from aim_runtime.models.oci.platforms import choose
from aim_runtime.models.oci.zstd import has_zstd, missing
from aim_runtime.models.portable.checked_copy import DAMAGED_HINT, verify
from aim_runtime.models.portable.layout import CREATED, INDEX, MARK, REVISION, SOURCE, TITLE
from aim_runtime.models.portable.model import Piece, Portable, address

_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
# The largest manifest that registries take.
_MOST_BYTES = 4 * 1024 * 1024


def is_one(path: Path) -> bool:
    """Return whether `path` looks like an image layout."""
    # Path.is_file raises where a folder above is closed.
    return os.path.isfile(path / MARK)  # noqa: PTH113


def read(path: Path) -> Portable:
    """Return the model in the layout `path`: what its manifest says it is.

    Raises VerificationFailed where that is damaged, ModelNotFound where it is not one model.
    """
    descriptor = _only(path)
    manifest = _manifest(path, descriptor)
    contents = contents_of(manifest, str(path))
    if not has_zstd() and any(each.packing is Packing.ZSTD for each in contents.archives):
        raise missing(f"{path} has a layer that is packed with zstd; it")
    pieces = {name: _piece(path, layer) for name, layer in sorted(contents.files.items())}
    noted = manifest.annotations or {}
    title = noted.get(TITLE, "")
    return Portable(
        title if _MODEL_ID.fullmatch(title) else None,
        noted.get(SOURCE) or address(path),
        noted.get(REVISION) or (descriptor.digest if SOURCE not in noted else None),
        noted.get(CREATED, ""),
        pieces,
        contents.archives,
        path / "blobs/sha256",
    )


def _only(path: Path) -> Descriptor:
    try:
        index = parse((path / INDEX).read_bytes(), OCI_INDEX, str(path / INDEX))
    except OSError as error:
        raise VerificationFailed(
            f"{path / INDEX} cannot be read: {error.strerror}", hint=DAMAGED_HINT
        ) from error
    found = index.manifests if isinstance(index, Index) else ()
    if len({each.digest for each in found}) != 1:
        tags = [each.annotation("org.opencontainers.image.ref.name") or each.digest for each in found]
        raise ModelNotFound(
            f"{path} holds {len(found)} images and artifacts, not one: {', '.join(tags) or 'nothing'}",
            hint=f"copy one of them: skopeo copy oci:{path}:TAG oci:NEW-FOLDER",
        )
    return found[0]


def _manifest(path: Path, descriptor: Descriptor) -> Manifest:
    """Read the manifest, by way of another index where there is one for several kinds of machines."""
    for _ in range(2):
        piece = _piece(path, descriptor)
        if piece.size_bytes > _MOST_BYTES:
            raise VerificationFailed(
                f"{path}: a manifest of {piece.size_bytes} bytes is none", hint=DAMAGED_HINT
            )
        verify(piece, "the manifest", lambda _: None)
        found = parse(piece.path.read_bytes(), descriptor.media_type, str(path))
        if isinstance(found, Manifest):
            return found
        descriptor = choose(found, str(path))
    raise ModelNotFound(f"{path} holds an index of indexes", hint="copy one image of it with skopeo")


def _piece(path: Path, descriptor: Descriptor) -> Piece:
    return Piece(path / "blobs/sha256" / descriptor.sha256, descriptor.size, descriptor.sha256)
