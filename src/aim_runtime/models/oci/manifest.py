"""The models room: manifests and indexes of registries, parsed once."""

from __future__ import annotations

import hashlib
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, json

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models.oci import media

# The other algorithm that the specification knows, sha512, is not met in practice.
Sha256 = Annotated[str, Meta(pattern="^sha256:[0-9a-f]{64}$")]


class Platform(Struct, frozen=True):
    """The machine that an image of an index is for."""

    os: str = ""
    architecture: str = ""

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


class Descriptor(Struct, frozen=True, rename="camel"):
    """A named piece of content: its type, its SHA-256 and its size in bytes."""

    media_type: str
    digest: Sha256
    size: Annotated[int, Meta(ge=0)]
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    platform: Platform | None = None

    @property
    def sha256(self) -> str:
        """The digest in hex."""
        return self.digest.removeprefix("sha256:")

    def annotation(self, *names: str) -> str | None:
        """Return the first annotation of these names that is there and not empty."""
        noted = self.annotations or {}
        return next((noted[name] for name in names if noted.get(name)), None)


class Manifest(Struct, frozen=True, rename="camel"):
    """One image or artifact: what it is (`config`), and the layers it is made of, lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str | None = None
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None


class Index(Struct, frozen=True, rename="camel"):
    """Several manifests under one name, one for each kind of machine."""

    manifests: tuple[Descriptor, ...]
    media_type: str | None = None


class _Kind(Struct, frozen=True, rename="camel"):
    media_type: str | None = None
    schema_version: int = 2


def digest_of(body: bytes) -> str:
    """Return the digest of a manifest: `sha256:` and hex."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def parse(body: bytes, media_type: str, where: str) -> Manifest | Index:
    """Parse a manifest or an index that a registry calls `media_type` and people `where`.

    Raises VerificationFailed where it is damaged, ModelNotFound where it is of a kind that is not read.
    """
    try:
        kind = json.decode(body, type=_Kind)
        named = kind.media_type or media_type.partition(";")[0].strip()
        if named in media.INDEXES:
            return json.decode(body, type=Index)
        if named in media.MANIFESTS:
            return json.decode(body, type=Manifest)
    except (DecodeError, UnicodeDecodeError) as error:
        raise VerificationFailed(
            f"{where}: its manifest cannot be understood: {error}", hint="push it again, with another tool"
        ) from error
    if kind.schema_version == 1:
        raise ModelNotFound(
            f"{where} is an image in Docker's format of before 2016 (schema 1), which is not read",
            hint="pull it and push it again with a current docker, podman or skopeo",
        )
    raise ModelNotFound(
        f"{where} is of the type {named or '(none)'}, which is neither a manifest nor an index",
        hint=f"push the model as an OCI artifact or image ({media.OCI_MANIFEST})",
    )
