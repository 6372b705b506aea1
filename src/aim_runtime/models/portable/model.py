"""The models room: a model that is exported or imported: what it is, and where its bytes are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.oci.contents import Archive
from aim_runtime.models.wanted import is_inside


class Format(StrEnum):
    """How a model is carried: a folder with its files, or an OCI image layout that skopeo can copy."""

    FOLDER = "folder"
    OCI = "oci"


@dataclass(frozen=True)
class Piece:
    """One file: where its bytes are now, how many, and their SHA-256 in hex."""

    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Portable:
    """One model. `model_id` is None where nothing says it; `created` is when it was fetched, in ISO 8601.

    `pieces` are its files by their paths in it; `archives` are layers that others come out of, in `blobs`.
    """

    model_id: str | None
    source: str
    revision: str | None
    created: str
    pieces: Mapping[str, Piece]
    archives: tuple[Archive, ...] = ()
    blobs: Path = Path()

    @property
    def size_bytes(self) -> int:
        """The bytes of all files and layers, as they are carried."""
        packed_bytes = sum(archive.descriptor.size for archive in self.archives)
        return packed_bytes + sum(piece.size_bytes for piece in self.pieces.values())


def address(path: Path) -> str:
    """Return what is written down as the source of a model of which only a folder is known."""
    return f"file://{os.path.abspath(path)}"  # noqa: PTH100 - resolving fails where a folder above is closed


def checked_name(name: str, where: str) -> str:
    """Return a path that a list of files gives, or raise VerificationFailed where it leads elsewhere."""
    if not is_inside(name) or name.endswith("/"):
        raise VerificationFailed(
            f"{where} names the file {name!r}, which is not inside the model",
            hint="do not use it: who made it means harm, or made a mistake",
        )
    return name
