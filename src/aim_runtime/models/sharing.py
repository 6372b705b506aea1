"""The models room: what one user puts into a cache is as open to the others as the folder it is put into.

On OpenShift every pod has a user id of its own, and all of them are in group 0. What the umask makes of
a file is then no use: it closes to the second pod what the first one has made.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def make(folder: Path) -> None:
    """Create `folder` and those above it that are missing, each with the mode of the one above it.

    Raises OSError.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    except FileNotFoundError:
        if folder.parent.is_dir():
            raise  # there are file systems that nobody can add to, and /proc says it like this
        make(folder.parent)
        folder.mkdir(exist_ok=True)
    open_as_the_parent(folder)


def open_as_the_parent(path: Path) -> None:
    """Give a file or folder of this user the permissions of the folder it is in, and never more.

    In a folder that is sticky, as that of temporary files is, everybody's things are their own: there the
    umask counts. Where permissions cannot be changed, or the file is another's, they stay.
    """
    with suppress(OSError):
        _open(os.fspath(path), os.stat(path.parent).st_mode)  # noqa: PTH116 - once a file of thousands


def open_all_below(folder: Path) -> None:
    """Do the same for everything below `folder`, from the top down."""
    for parent, folders, files in os.walk(folder):
        with suppress(OSError):
            mode = os.stat(parent).st_mode  # noqa: PTH116
            for name in (*folders, *files):
                _open(os.path.join(parent, name), mode)  # noqa: PTH118


def _open(path: str, parent: int) -> None:
    mode = os.lstat(path).st_mode
    if parent & stat.S_ISVTX or stat.S_ISLNK(mode):
        return
    wanted = stat.S_IMODE(parent)
    wanted = wanted | 0o700 if stat.S_ISDIR(mode) else wanted & 0o666 | 0o600
    if stat.S_IMODE(mode) != wanted:
        with suppress(OSError):
            os.chmod(path, wanted)  # noqa: PTH101


def can_be_written(folder: Path) -> bool:
    """Return whether this user may change and remove everything below `folder`."""
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return False
    for parent, folders, files in os.walk(folder):
        if not all(os.access(Path(parent, name), os.R_OK | os.W_OK | os.X_OK) for name in folders):
            return False
        if not all(os.access(Path(parent, name), os.R_OK | os.W_OK) for name in files):
            return False
    return True
