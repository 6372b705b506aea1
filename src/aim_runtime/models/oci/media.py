"""The models room: the media types of registries, and what the bytes behind one are."""

from __future__ import annotations

from enum import StrEnum

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEXES = (OCI_INDEX, "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = (OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")
# What the config of an image with a root file system says; an artifact has another, or none.
IMAGE_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
MODEL_ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
MODEL_CONFIG = "application/vnd.cncf.model.config.v1+json"
# Where a raw layer says what its path in the model is: ModelPack's own annotation, then that of ORAS.
PATHS = ("org.cncf.model.filepath", "org.opencontainers.image.title")
# ORAS puts a folder into a tar, and marks it so.
UNPACK = "io.deis.oras.content.unpack"
# What Docker's models had before they carried paths: the only file that has none.
NAMELESS = {"application/vnd.docker.ai.gguf.v3": "model.gguf"}
# No part of what an engine reads, and as large as the one who packed it likes.
UNUSED = ("application/vnd.cncf.model.dataset.", "application/vnd.docker.ai.license")


class Packing(StrEnum):
    """How the bytes of a layer hold its files."""

    RAW = "raw"
    TAR = "tar"
    GZIP = "tar+gzip"
    ZSTD = "tar+zstd"


def packing_of(media_type: str) -> Packing:
    """Return how a layer of this type is packed: OCI's types end in +gzip, Docker's in .gzip."""
    end = media_type.replace(".gzip", "+gzip").replace(".zstd", "+zstd")
    for packing in (Packing.GZIP, Packing.ZSTD, Packing.TAR):
        if end.endswith(f".{packing}"):
            return packing
    return Packing.RAW
