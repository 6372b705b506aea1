"""What earlier tries left in a folder that is being filled, and that is not of the model."""

from __future__ import annotations

import time
from collections.abc import Container
from pathlib import Path

from aim_runtime.models.transfer.journal import STATE
from aim_runtime.models.transfer.part import PART_SUFFIXES

# What was not touched for so long is of a version that nobody fetches any more.
_ABANDONED_S = 120.0


def remove_strangers(into: Path, wanted: Container[str]) -> None:
    """Remove the files of `into` that are not `wanted`, by their paths in it; parts under way stay."""
    for path in [path for path in into.rglob("*") if path.is_symlink() or path.is_file()]:
        if path.parent != into / STATE and path.relative_to(into).as_posix() not in wanted:
            path.unlink(missing_ok=True)


def remove_abandoned(state: Path, wanted: Container[str]) -> None:
    """Remove parts of versions that are not `wanted` any more, by the stems of their names."""
    for path in state.iterdir():
        if path.suffix in PART_SUFFIXES and path.stem not in wanted and _abandoned(path):
            path.unlink(missing_ok=True)


def _abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _ABANDONED_S
    except OSError:
        return False
