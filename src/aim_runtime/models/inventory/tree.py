"""The models room: looks at files without changing, following or failing on anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def entries(folder: Path) -> list[Path]:
    """Return what is in `folder`, by name; nothing where it is closed to this user, or is none."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def folders(folder: Path) -> list[Path]:
    """Return the folders in `folder`, links to folders among them, by name."""
    return [each for each in entries(folder) if os.path.isdir(each)]  # noqa: PTH112 - Path.is_dir raises


def is_link(path: Path) -> bool:
    return os.path.islink(path)  # noqa: PTH114 - Path.is_symlink raises where a folder above is closed


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder`, links among them; links to folders are not entered."""
    for parent, below, names in os.walk(folder):
        below.sort()
        yield from (Path(parent, name) for name in sorted(names))


def sizes(paths: Iterator[Path]) -> dict[tuple[int, int], int]:
    """Return the sizes of files by device and inode; a link counts as the file that it leads to."""
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue  # gone meanwhile, or a link to nothing
        found[status.st_dev, status.st_ino] = status.st_size
    return found


def own_sizes(path: Path) -> dict[tuple[int, int], int]:
    """Return the sizes of what lies at `path` itself: links are not followed."""
    found = {}
    for each in (path, *files_below(path)):
        try:
            status = each.lstat()
        except OSError:
            continue
        if not os.path.isdir(each) or is_link(each):  # noqa: PTH112 - Path.is_dir raises
            found[status.st_dev, status.st_ino] = status.st_size
    return found


def changed_s(path: Path) -> float:
    """Return when anything at or below `path` changed last."""
    newest = 0.0
    for each in (path, *files_below(path)):
        try:
            newest = max(newest, each.lstat().st_mtime)
        except OSError:
            continue
    return newest


def is_inside(path: Path, root: Path) -> bool:
    """Return whether `path` is below `root` also when all links are followed, and is no link itself."""
    try:
        return not is_link(path) and path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False
