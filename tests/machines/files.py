"""Put files and links into a tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Whoever opens it may; a read by another process without CAP_SYS_NICE answers EPERM (linux: fs/proc/base.c,
# timerslack_ns_show). That is how a KFD file of a device answers that the device cgroup keeps from us.
_ANSWERS_EPERM = Path("/proc/1/timerslack_ns")


def put(path: Path, text: str) -> None:
    """Write one file, and the folders above it."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def put_all(folder: Path, files: Mapping[str, str | None]) -> None:
    """Write the files of one folder; None stands for a file that is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            put(folder / name, text)


def pairs(values: Mapping[str, int]) -> str:
    """`name value` lines, as the compute driver writes them."""
    return "".join(f"{name} {value}\n" for name, value in values.items())


def link(path: Path, target: Path) -> None:
    """Make `path` a relative link to `target`; both are real paths below the same root."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def refuse(path: Path) -> None:
    """Make a read of `path` fail with EPERM for everybody but root.

    Root with CAP_SYS_NICE reads a number there instead: look at such a tree with `as_nobody`. Never write
    to such a path. On a kernel without that file the answer is EACCES.
    """
    path.unlink(missing_ok=True)
    if _ANSWERS_EPERM.exists():
        path.symlink_to(_ANSWERS_EPERM)
    else:
        put(path, "")
        path.chmod(0)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards, in memory where there is such a place.

    For tests that write many trees: a file system on a disk can take ten times as long to make files
    where it has just removed as many.
    """
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    with tempfile.TemporaryDirectory(dir=memory if usable else None) as folder:
        yield Path(folder)
