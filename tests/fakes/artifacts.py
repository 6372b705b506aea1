"""Artifacts and images as tools build them, for registries: manifests and blobs, in memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
MODEL_MANIFEST = "application/vnd.cncf.model.manifest.v1+json"
WEIGHT_RAW = "application/vnd.cncf.model.weight.v1.raw"
TAR = "application/vnd.oci.image.layer.v1.tar"
FILEPATH, TITLE = "org.cncf.model.filepath", "org.opencontainers.image.title"
EMPTY = b"{}"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Artifact:
    """A manifest, as it is sent, and the blobs and other manifests that it needs, by digest."""

    manifest: bytes
    blobs: Mapping[str, bytes]
    manifests: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return digest(self.manifest)


def descriptor(media_type: str, data: bytes, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def build(
    layers: Sequence[tuple[str, bytes, Mapping[str, str] | None]],
    *,
    config_type: str = "application/vnd.cncf.model.config.v1+json",
    artifact_type: str | None = MODEL_MANIFEST,
    **more: object,
) -> Artifact:
    """An artifact of layers: a media type, bytes and annotations each."""
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config_type, EMPTY),
        "layers": [
            descriptor(kind, data, **({"annotations": notes} if notes else {}))
            for kind, data, notes in layers
        ],
        **({"artifactType": artifact_type} if artifact_type else {}),
        **more,
    }
    blobs = {digest(data): data for _, data, _ in layers} | {digest(EMPTY): EMPTY}
    return Artifact(json.dumps(manifest).encode(), blobs)


def modelpack(folder: Path) -> Artifact:
    """The files of a folder as a ModelPack artifact with raw layers."""
    return build(
        [
            (WEIGHT_RAW, path.read_bytes(), {FILEPATH: path.relative_to(folder).as_posix()})
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
    )


def tar(files: Mapping[str, bytes], *members: tarfile.TarInfo) -> bytes:
    """A tar of files, and after them of members that have no bytes: links, devices, folders."""
    with io.BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            for member in members:
                archive.addfile(member)
        return stream.getvalue()


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def image(*layers: bytes, packed: bool = False) -> Artifact:
    """An image of these tars, with gzip around them where `packed`."""
    kind = f"{TAR}+gzip" if packed else TAR
    return build(
        [(kind, gzip.compress(layer, mtime=0) if packed else layer, None) for layer in layers],
        config_type=IMAGE_CONFIG,
        artifact_type=None,
    )


def below_models(folder: Path, prefix: str = "models/") -> dict[str, bytes]:
    """The files of a folder, as a layer of an image has them."""
    return {
        f"{prefix}{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def index(images: Mapping[str, Artifact]) -> Artifact:
    """An index of images by platform, for example linux/amd64."""
    entries = []
    for platform, each in images.items():
        system, _, architecture = platform.partition("/")
        notes = {"platform": {"os": system, "architecture": architecture}} if platform else {}
        entries.append(descriptor(OCI_MANIFEST, each.manifest, **notes))
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    blobs = {name: data for each in images.values() for name, data in each.blobs.items()}
    return Artifact(body, blobs, {each.digest: each.manifest for each in images.values()})


def put(root: Path, name: str, tag: str, artifact: Artifact) -> None:
    """Write an artifact where tests/fakes/registry.py, serving `root`, finds it."""
    manifests, blobs = root / name / "manifests", root / name / "blobs"
    manifests.mkdir(parents=True, exist_ok=True)
    blobs.mkdir(exist_ok=True)
    for reference, body in {tag: artifact.manifest, artifact.digest: artifact.manifest}.items():
        (manifests / reference).write_bytes(body)
    for reference, body in artifact.manifests.items():
        (manifests / reference).write_bytes(body)
    for reference, body in artifact.blobs.items():
        (blobs / reference).write_bytes(body)
