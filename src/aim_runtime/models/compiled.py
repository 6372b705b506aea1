"""The models room: the folder that an engine compiles into, written by one service at a time.

Who holds its lock works in the folder itself: what is compiled may name its own paths. Who does not get
it, or may not write there, works in a copy of its own, which ends with the service. A folder whose engine
did not become ready is thrown away by the next who holds the lock, because nobody knows what a crash left
half written; so is one that makes the engine crash, at the cost of one start.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.models.durable import sync_file_system

# In the folder: an engine became ready with it; an engine works in it that is not ready yet.
GOOD, DIRTY = ".good", ".dirty"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Workspace:
    """Where an engine may write: `folder` is None where there is no such place; `kept` or a copy."""

    folder: Path | None
    kept: bool = False

    def now_good(self) -> None:
        """Take note that the engine became ready, after everything it wrote is on the disk."""
        if self.folder is None or not self.kept:
            return
        try:
            sync_file_system(self.folder)  # or the mark outlives, in a power cut, what it vouches for
            (self.folder / GOOD).touch()
            (self.folder / DIRTY).unlink()
        except OSError:
            return  # a full disk: the folder stays dirty, and the next start begins anew


@contextmanager
def workspace(folder: Path, say: Say) -> Iterator[Workspace]:
    """Yield where to compile to: `folder` itself, or a copy of it for this service alone."""
    with ExitStack() as stack:
        why_not = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((folder.parent / f"{folder.name}.lock").open("ab"))
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            _begin(folder)
        except BlockingIOError:
            why_not = "another service works in it"
        except OSError as error:
            # Not writable, or a file system without locks, where two could write at once.
            why_not = (error.strerror or "it cannot be used").lower()
        if why_not:
            yield stack.enter_context(_copy(folder, why_not, say))
        else:
            yield Workspace(folder, kept=True)


def _begin(folder: Path) -> None:
    """Mark the folder as worked in, without what a start that failed left in it."""
    if (folder / DIRTY).exists() or not (folder / GOOD).exists():
        _empty(folder)
    (folder / DIRTY).touch()


def _empty(folder: Path) -> None:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextmanager
def _copy(folder: Path, why: str, say: Say) -> Iterator[Workspace]:
    try:
        temporary = tempfile.TemporaryDirectory(prefix="aim-compiled-", ignore_cleanup_errors=True)
    except OSError:
        say(f"what the engine compiles is not kept: {folder}: {why}; no temporary folder can be written")
        yield Workspace(None)
        return
    with temporary as name:
        copy = Path(name) / "copy"
        seeded = _seed(folder, copy)
        copied = "a copy of what is there" if seeded else "an empty folder"
        say(f"what the engine compiles is not kept in {folder}: {why}; it works in {copied}")
        yield Workspace(copy)


def _seed(folder: Path, copy: Path) -> bool:
    """Copy what an engine became ready with; entries that come or go meanwhile are left out."""
    copy.mkdir()
    if not os.path.exists(folder / GOOD):  # noqa: PTH110 - Path.exists raises where a folder is closed
        return False
    try:
        shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns(GOOD, DIRTY))
    except shutil.Error:
        return True  # some files: each entry of these caches is looked for by its own name
    except OSError:
        _empty(copy)
        return False
    return True
