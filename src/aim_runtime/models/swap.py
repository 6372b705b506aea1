"""The models room: the moment a fetched folder becomes the model."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from aim_runtime.errors import CacheNotWritable
from aim_runtime.models import manifest, sharing
from aim_runtime.models.cache import make_folder, not_writable
from aim_runtime.models.capabilities import file_system
from aim_runtime.models.durable import sync_folder
from aim_runtime.models.preflight import problems

_THERE_ALREADY = (errno.ENOTEMPTY, errno.EEXIST)
_NO_RENAME = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV)
# So often another process may publish between two steps of this one.
_TRIES = 10


def publish(staged: Path, final: Path, trash: Path) -> None:
    """Move the whole folder `staged` to `final`; a damaged one that is there goes through `trash`.

    Until the last moment the old folder is untouched. A process that is serving from it keeps its open
    files: they live until it closes them. Where another process has published the same meanwhile, its
    folder stays and `staged` is removed.
    """
    make_folder(final.parent)
    sharing.open_as_the_parent(staged)
    try:
        for _ in range(_TRIES):
            if _is_the_same(staged, final):
                shutil.rmtree(staged, ignore_errors=True)
                break
            if _replace(staged, final, trash):
                break
        else:
            raise OSError(errno.ENOTEMPTY, "other processes keep putting folders there")
        sync_folder(final.parent)
    except OSError as error:
        if error.errno in _NO_RENAME:
            raise CacheNotWritable(
                f"{final} cannot be put in place: its file system ({file_system(final.parent)}) "
                "does not rename folders",
                hint="set AIM_CACHE_PATH to a volume of another kind",
            ) from error
        raise not_writable(final, error) from error
    # Also what a process left that was killed right here. None of it is needed: there is a whole one.
    shutil.rmtree(trash, ignore_errors=True)


def _is_the_same(staged: Path, final: Path) -> bool:
    ours, theirs = manifest.read(staged), manifest.read(final)
    if ours is None or theirs is None or problems(final):
        return False
    return (ours.revision, ours.files) == (theirs.revision, theirs.files)


def _replace(staged: Path, final: Path, trash: Path) -> bool:
    """Put `staged` in the place of `final`; False where another process put something there in between."""
    aside = _put_aside(final, trash) if os.path.lexists(final) else None
    try:
        staged.rename(final)
    except OSError as error:
        if error.errno in _THERE_ALREADY:
            return False
        if aside is not None:
            with suppress(OSError):  # there is a newer one in its place
                aside.rename(final)
        raise
    finally:
        if aside is not None:
            _remove(aside)
    return True


def _put_aside(final: Path, trash: Path) -> Path | None:
    name = secrets.token_hex(4)
    try:
        make_folder(trash)
        final.rename(trash / name)
    except FileNotFoundError:
        return None
    except (PermissionError, CacheNotWritable):
        # A folder of another user's cannot be moved to another folder, only renamed.
        hidden = final.with_name(f".{final.name}.{name}")
        final.rename(hidden)
        return hidden
    return trash / name


def _remove(aside: Path) -> None:
    if aside.is_symlink():
        aside.unlink()
    else:
        shutil.rmtree(aside, ignore_errors=True)
