"""The models room: a model as an OCI image layout, whose layers are its files, as ModelPack has them.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
https://github.com/modelpack/model-spec/blob/main/docs/spec.md
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from aim_runtime.models.oci import media
from aim_runtime.models.portable.checked_copy import copy, verify
from aim_runtime.models.portable.model import Piece, Portable

MARK, INDEX = "oci-layout", "index.json"
TITLE, SOURCE, REVISION, CREATED = (
    f"org.opencontainers.image.{name}" for name in ("title", "source", "revision", "created")
)
_TAG = "org.opencontainers.image.ref.name"
# What a layer is called; whatever is none of these belongs to how the model is configured.
_KINDS = {
    ("safetensors", "bin", "gguf"): "application/vnd.cncf.model.weight.v1.raw",
    ("md", "txt", "pdf", "png"): "application/vnd.cncf.model.doc.v1.raw",
    ("py",): "application/vnd.cncf.model.code.v1.raw",
}
_CONFIG_KIND = "application/vnd.cncf.model.weight.config.v1.raw"


def write(model: Portable, into: Path, watch: Callable[[int], None]) -> None:
    """Write the layout; where the file system allows it, blobs are the cache's own files by another name."""
    blobs = into / "blobs/sha256"
    blobs.mkdir(parents=True)
    for name, piece in model.pieces.items():
        _place(piece, name, blobs / piece.sha256, watch)
    config = _put(blobs, {**_config(model)}, media.MODEL_CONFIG)
    body = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": media.MODEL_ARTIFACT,
        "config": config,
        "layers": [_layer(name, piece) for name, piece in model.pieces.items()],
        "annotations": {
            TITLE: model.model_id,
            SOURCE: model.source,
            CREATED: model.created,
            **({REVISION: model.revision} if model.revision else {}),
        },
    }
    manifest = _put(blobs, body, media.OCI_MANIFEST)
    entry = {**manifest, "artifactType": media.MODEL_ARTIFACT, "annotations": {_TAG: "latest"}}
    index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": [entry]}
    (into / INDEX).write_text(json.dumps(index), encoding="utf-8")
    (into / MARK).write_text('{"imageLayoutVersion":"1.0.0"}', encoding="utf-8")


def can_link(model: Portable, into: Path) -> bool:
    """Return whether the files of `model` can have a second name in `into`."""
    probe = into / "probe"
    for piece in model.pieces.values():
        try:
            os.link(piece.path.resolve(), probe)
        except OSError:
            return False
        probe.unlink()
    return True


def _place(piece: Piece, name: str, target: Path, watch: Callable[[int], None]) -> None:
    if target.exists():  # another file with the same bytes
        watch(piece.size_bytes)
        return
    try:
        os.link(piece.path.resolve(), target)
    except OSError:  # another file system, or one without such links
        copy(piece, name, target, watch)
    else:
        verify(piece, name, watch)


def _layer(name: str, piece: Piece) -> dict[str, object]:
    ending = name.rpartition(".")[2].casefold()
    kind = next((kind for endings, kind in _KINDS.items() if ending in endings), _CONFIG_KIND)
    notes = dict.fromkeys(media.PATHS, name)  # both: ModelPack's tools read one, ORAS the other
    return {
        "mediaType": kind,
        "digest": f"sha256:{piece.sha256}",
        "size": piece.size_bytes,
        "annotations": notes,
    }


def _config(model: Portable) -> dict[str, object]:
    described = {"name": model.model_id, "sourceURL": model.source, "createdAt": model.created}
    return {
        "descriptor": {**described, **({"revision": model.revision} if model.revision else {})},
        "config": {},
        "modelfs": {
            "type": "layers",
            "diffIds": [f"sha256:{piece.sha256}" for piece in model.pieces.values()],
        },
    }


def _put(blobs: Path, data: dict[str, object], media_type: str) -> dict[str, object]:
    """Write a blob of JSON, and return its descriptor."""
    body = json.dumps(data).encode()
    sha256 = hashlib.sha256(body).hexdigest()
    (blobs / sha256).write_bytes(body)
    return {"mediaType": media_type, "digest": f"sha256:{sha256}", "size": len(body)}
