"""The models room: the moment a fetched folder becomes the model."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aim_runtime.models.cache import make_folder, not_writable
from aim_runtime.models.durable import sync_folder


def publish(staged: Path, final: Path, trash: Path) -> None:
    """Move the whole folder `staged` to `final`; a damaged one that is there goes through `trash`.

    Until the last moment the old folder is untouched. A process that is serving from it keeps its open
    files: they live until it closes them.
    """
    make_folder(final.parent)
    make_folder(trash.parent)
    try:
        shutil.rmtree(trash, ignore_errors=True)
        if os.path.lexists(final):
            final.rename(trash)
        staged.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        raise not_writable(final, error) from error
    if trash.is_symlink():
        trash.unlink()
    else:
        shutil.rmtree(trash, ignore_errors=True)
