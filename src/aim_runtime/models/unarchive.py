"""The models room: a whole archive, unpacked so that nothing in it can reach outside its folder."""

from __future__ import annotations

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.cache import ensure_space
from aim_runtime.models.events import Notice, Progress, Report
from aim_runtime.models.wanted import choose, is_inside

_BUFFER_BYTES = 1 << 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error)


class _Opened(Protocol):
    """An archive that is open: the sizes of its files by their paths, and the bytes of each."""

    @property
    def sizes(self) -> Mapping[str, int]: ...

    def open(self, name: str) -> IO[bytes]: ...


def unarchive(archive: Path, into: Path, report: Report) -> None:
    """Unpack what makes the model from `archive` into the folder `into`, which is made anew.

    One folder around everything is left out. Nothing is written before every name is looked at: a path that
    leads out, a link that does, a device or a password makes the archive one to refuse. Raises
    VerificationFailed, and CacheNotWritable where there is no room for what is in it.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    try:
        with _opened(archive) as opened:
            _unpack(opened, into, report)
    except (*_DAMAGED, EOFError, NotImplementedError) as error:
        raise _refused(archive, f"is damaged, or no archive: {error}") from error


def _unpack(opened: _Opened, into: Path, report: Report) -> None:
    around = _around(opened.sizes)
    sizes = {name.removeprefix(around): size_bytes for name, size_bytes in opened.sizes.items()}
    wanted = choose(sizes)
    if str(wanted):
        report(Notice(str(wanted)))
    total_bytes = sum(wanted.sizes.values())
    ensure_space(into, total_bytes)
    done_bytes = 0
    for name in sizes:  # in the archive's own order: a compressed one can only be read forwards
        if name not in wanted.sizes:
            continue
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened.open(around + name) as source, target.open("wb") as copy:
            while piece := source.read(_BUFFER_BYTES):
                copy.write(piece)
                done_bytes += len(piece)
                report(Progress("unpack", done_bytes, total_bytes))


def _around(names: Mapping[str, int]) -> str:
    """Return the folder that is around everything, with its slash; empty where there is none."""
    tops = {name.partition("/")[0] for name in names}
    inside = all("/" in name for name in names)
    return f"{tops.pop()}/" if len(tops) == 1 and inside else ""


@contextmanager
def _opened(archive: Path) -> Iterator[_Opened]:
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield _Zip(archive, opened)
    else:
        with tarfile.open(archive) as tarball:
            yield _Tar(archive, tarball)


class _Zip:
    def __init__(self, archive: Path, opened: zipfile.ZipFile) -> None:
        self.open = opened.open
        self.sizes: dict[str, int] = {}
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            if kind not in (0, stat.S_IFREG):
                raise _refused(archive, f"holds {info.filename!r}, which is not a plain file")
            if info.flag_bits & 1:
                raise _refused(archive, f"holds {info.filename!r} behind a password")
            self.sizes[_inside(archive, info.filename)] = info.file_size


class _Tar:
    def __init__(self, archive: Path, tarball: tarfile.TarFile) -> None:
        self._archive, self._tarball = archive, tarball
        self._members: dict[str, tarfile.TarInfo] = {}
        self.sizes: dict[str, int] = {}
        every = {info.name: info for info in tarball}
        for info in every.values():
            if info.isdir():
                continue
            name = _inside(archive, info.name.removeprefix("./"))
            file = _followed(archive, info, every)
            self._members[name], self.sizes[name] = file, file.size

    def open(self, name: str) -> IO[bytes]:
        found = self._tarball.extractfile(self._members[name])
        assert found is not None  # what tarfile promises for plain files
        return found


def _followed(archive: Path, info: tarfile.TarInfo, every: Mapping[str, tarfile.TarInfo]) -> tarfile.TarInfo:
    """Return the plain file that `info` is, or that it links to inside the archive."""
    name, at = info.name, info
    for _ in range(8):  # links to links; a circle of them has no end
        if at.isreg():
            return at
        if not at.issym() and not at.islnk():
            raise _refused(archive, f"holds {name!r}, which is not a plain file")
        linked = at.linkname
        if at.issym():
            linked = _joined(at.name.rpartition("/")[0], linked)
        following = every.get(linked)
        if following is None:
            break
        at = following
    raise _refused(archive, f"holds {name!r}, a link that leads out of it or nowhere")


def _joined(folder: str, link: str) -> str:
    """Return where a relative link of `folder` leads, in the archive's own names."""
    parts = folder.split("/") if folder else []
    for part in link.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    joined = "/".join(parts)
    return f"/{joined}" if link.startswith("/") else joined


def _inside(archive: Path, name: str) -> str:
    if not is_inside(name) or "\\" in name:
        raise _refused(archive, f"holds {name!r}, a path that leads out of its folder")
    return name


def _refused(archive: Path, why: str) -> VerificationFailed:
    return VerificationFailed(
        f"{archive.name} {why}", hint="it is not unpacked; look at it, or take another archive"
    )
