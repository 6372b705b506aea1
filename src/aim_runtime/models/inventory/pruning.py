"""The models room: what is removed from a cache, as a plan that can be looked at and then executed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.models import used
from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory.busy import fetching, is_locked
from aim_runtime.models.words import why_not_writable

MODEL = "model"


@dataclass(frozen=True)
class Removal:
    """One thing to remove: a model, or a Kind of leftover; `why` in words."""

    kind: str
    name: str
    path: Path
    size_bytes: int
    why: str
    model_id: str | None = None


@dataclass(frozen=True)
class Kept:
    """One thing that would be removed, if it were not for what `why` says."""

    removal: Removal
    why: str


@dataclass(frozen=True)
class Removed:
    """What became of one removal; `error` says why it is still there."""

    removal: Removal
    error: str | None = None


@dataclass(frozen=True)
class Pruning:
    """What would be removed and what not, and how to do it."""

    cache: Cache
    removals: tuple[Removal, ...]
    kept: tuple[Kept, ...]

    @property
    def size_bytes(self) -> int:
        return sum(each.size_bytes for each in self.removals)

    def execute(self) -> Iterator[Removed]:
        """Remove one after the other, and say of each what became of it."""
        for removal in self.removals:
            # Between the look and now somebody may have begun to use it.
            error = at_work(self.cache, removal)
            try:
                if error is None:
                    _remove(removal, self.cache)
            except OSError as reason:
                error = why_not_writable(reason)
            yield Removed(removal, error)


def at_work(cache: Cache, removal: Removal) -> str | None:
    """Return who serves, fetches or fills what would be removed, in words; None where nobody does."""
    if removal.model_id is None:
        lock = removal.path.with_name(f"{removal.path.name}.lock")
        return "an engine works in it" if is_locked(lock) else None
    if used.is_in_use(cache, removal.model_id):
        return "it is being served"
    owner = fetching(cache.lock(removal.model_id))
    return f"{owner} is fetching it" if owner else None


def _remove(removal: Removal, cache: Cache) -> None:
    path = removal.path
    if not path.is_dir() or path.is_symlink():
        path.unlink()
        return
    shutil.rmtree(_out_of_sight(path, cache.area("trash")))
    if removal.kind != MODEL or removal.model_id is None:
        return
    with suppress(OSError):
        cache.used(removal.model_id).unlink(missing_ok=True)
    if path.parent != cache.root:
        with suppress(OSError):
            path.parent.rmdir()  # of the organisation, when this was its last model


def _out_of_sight(path: Path, trash: Path) -> Path:
    """Move a folder to the trash, in one step, so that nobody takes half of it for a model."""
    if path.parent == trash:
        return path
    trash.mkdir(parents=True, exist_ok=True)
    try:
        return path.rename(trash / f"{path.name}.{os.getpid()}")
    except OSError:  # a mount of its own cannot be renamed; its files can still be removed
        return path
