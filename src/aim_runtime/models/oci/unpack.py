"""The models room: layers of an image, unpacked one over the other into a folder that nothing leaves."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.oci.contents import Archive
from aim_runtime.models.oci.media import Packing
from aim_runtime.models.oci.zstd import open_zstd, zstd_errors

_PIECE_BYTES = 1 << 20
_LONGEST_NAME = 255
# How a layer says that a lower one's file, or all that a lower one has in a folder, is gone.
# https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_BAD_HINT = "do not use it; have it built again from plain files"


@dataclass
class Unpacked:
    """A folder that layers are unpacked into; `seen` are the first parts of all paths in them."""

    into: Path
    where: str
    seen: set[str] = field(default_factory=set)

    def add(self, blob: Path, archive: Archive, watch: Callable[[int], None]) -> None:
        """Unpack one more layer; `watch` is told now and then how many bytes of `blob` are read.

        Raises VerificationFailed where the layer is not what it says it is, or leads out of the folder.
        """
        written: set[Path] = set()
        damaged: tuple[type[Exception], ...] = (
            tarfile.TarError,
            EOFError,
            zlib.error,
            gzip.BadGzipFile,
            *zstd_errors(),
        )
        with blob.open("rb") as packed:
            try:
                with tarfile.open(fileobj=_opened(packed, archive.packing), mode="r|") as tar:
                    for member in tar:
                        self._member(tar, member, archive.below, written, lambda: watch(packed.tell()))
            except damaged as error:
                raise VerificationFailed(
                    f"{self.where}: the layer {archive.descriptor.digest} cannot be unpacked: {error}",
                    hint="it is as its publisher made it: have it built again",
                ) from error

    def _member(
        self,
        tar: tarfile.TarFile,
        member: tarfile.TarInfo,
        below: str,
        written: set[Path],
        watch: Callable[[], None],
    ) -> None:
        parts = self._parts(member.name)
        if not parts:
            return
        *parents, name = parts
        if name.startswith(_WHITEOUT):
            self._remove_lower(parents, name, below, written)
            return
        self.seen.add(parts[0])
        target = self._target(parts, below)
        if target is None:
            return
        if member.isdir():
            self._make_folder(target)
            return
        if target == self.into:
            raise self._refused(f"{member.name} is not a folder")
        if member.issym():
            raise self._refused(f"{member.name} is a symbolic link to {member.linkname}")
        if not (member.isreg() or member.islnk()):
            raise self._refused(f"{member.name} is a device or a pipe")
        source = self._linked(member, below, target) if member.islnk() else None
        self._make_folder(target.parent)
        _remove(target)
        if source is not None:
            os.link(source, target)
        else:
            self._write(tar, member, target, watch)
        written.add(target)

    def _write(
        self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, watch: Callable[[], None]
    ) -> None:
        source = tar.extractfile(member)
        assert source is not None  # what tarfile promises for plain files
        with target.open("xb") as file:  # never through what is there
            while piece := source.read(_PIECE_BYTES):
                file.write(piece)
                watch()

    def _linked(self, member: tarfile.TarInfo, below: str, target: Path) -> Path:
        """Return the file that a hard link is another name of."""
        source = self._target(self._parts(member.linkname), below)
        if source is None or source == target or not source.is_file():
            raise self._refused(
                f"{member.name} is a link to {member.linkname}, which the model does not have"
            )
        return source

    def _remove_lower(self, parents: list[str], name: str, below: str, written: set[Path]) -> None:
        gone = parents if name == _OPAQUE else [*parents, *self._parts(name.removeprefix(_WHITEOUT))]
        target = self._target(gone, below) if gone else self.into
        if target is None:
            return
        for path in sorted(target.rglob("*"), reverse=True) if target.is_dir() else [target]:
            # What this layer itself has put there stays, wherever in it the mark stands.
            if path not in written and not (path.is_dir() and any(path.iterdir())):
                _remove(path)

    def _parts(self, name: str) -> list[str]:
        parts = [part for part in PurePosixPath(name).parts if part.strip("/")]
        if ".." in parts:
            raise self._refused(f"the path {name} leads out of it")
        if any(len(os.fsencode(part)) > _LONGEST_NAME for part in parts):
            raise self._refused(f"the path {name[:80]}… is too long for a file system")
        return parts

    def _target(self, parts: list[str], below: str) -> Path | None:
        """Return where a path of the layer belongs; None where it is no part of the model."""
        if not below:
            return self.into.joinpath(*parts)
        return self.into.joinpath(*parts[1:]) if parts and parts[0] == below else None

    def _make_folder(self, folder: Path) -> None:
        for each in (*reversed(folder.relative_to(self.into).parents), folder.relative_to(self.into)):
            path = self.into / each
            if path.is_file():
                path.unlink()  # a lower layer's file where this one has a folder
            path.mkdir(exist_ok=True)

    def _refused(self, why: str) -> VerificationFailed:
        return VerificationFailed(f"{self.where} is not unpacked: {why}", hint=_BAD_HINT)


def _remove(path: Path) -> None:
    """Remove a file or a folder, if there is one. There are no links here to follow."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _opened(packed: IO[bytes], packing: Packing) -> IO[bytes]:
    if packing is Packing.GZIP:
        return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]
    return open_zstd(packed) if packing is Packing.ZSTD else packed
