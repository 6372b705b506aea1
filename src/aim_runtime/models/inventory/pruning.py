"""The models room: what to remove from a cache, decided first and then done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from aim_runtime.models import used
from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory import tree
from aim_runtime.models.inventory.busy import fetching
from aim_runtime.models.inventory.entry import Entry, Files, Inventory, Kind, Leftover
from aim_runtime.models.layouts import Layout
from aim_runtime.models.words import why_not_writable

# An unfinished fetch is gone on with by the next one: it is left alone for as long as that may come.
STAGING_S = 24 * 3600.0
# What other programs write right now looks like what they left.
ORPHAN_S = 3600.0
_MODEL = "model"


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

    kind: str
    name: str
    path: Path
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
            busy = _at_work(self.cache, removal.model_id) if removal.model_id else None
            try:
                if busy is None:
                    _remove(removal.path, self.cache)
            except OSError as error:
                yield Removed(removal, why_not_writable(error))
                continue
            if busy is None and removal.kind == _MODEL and removal.model_id:
                with suppress(OSError):
                    self.cache.used(removal.model_id).unlink(missing_ok=True)
            yield Removed(removal, busy)


def plan(
    found: Inventory,
    cache: Cache,
    *,
    keep: Sequence[str],
    older_s: float | None,
    now_s: float,
    open_files: Callable[[], frozenset[tuple[int, int]]],
    spoken: Callable[[float], str],
) -> Pruning:
    """Decide. Models go when they were not used for `older_s`, and none where that is None.

    `keep` are names or patterns of models; `spoken` words a time in seconds.
    """
    opened = open_files()
    removals: list[Removal] = []
    kept: list[Kept] = []

    def judge(removal: Removal, its_files: Files, protected: str | None = None) -> None:
        why = protected or _why_not(cache, removal, is_open=not opened.isdisjoint(its_files))
        if why is None:
            removals.append(removal)
        else:
            kept.append(Kept(removal.kind, removal.name, removal.path, why))

    for entries in _wholes(found.ours):
        first = entries[0]
        age_s = now_s - max(entry.used_s or 0.0 for entry in entries)
        if older_s is None or age_s < older_s:
            continue
        path = first.path if first.layout is Layout.FOLDER else first.path.parents[1]
        named = any(fnmatch(first.model_id, pattern) for pattern in keep)
        files = tree.own_sizes(path)
        why = f"last used {spoken(age_s)} ago" if any(entry.used_s for entry in entries) else "never used"
        judge(
            Removal(_MODEL, first.model_id, path, sum(files.values()), why, first.model_id),
            {file: size for entry in entries for file, size in entry.files.items()},
            "--keep names it" if named else None,
        )
    gone = [each.path for each in removals]
    for leftover in found.leftovers:
        if any(leftover.path.is_relative_to(path) for path in gone):
            continue
        age_s = now_s - leftover.changed_s
        if age_s >= _patience_s(leftover, older_s):
            why = f"{_WHY[leftover.kind]}, untouched for {spoken(age_s)}"
            name = leftover.model_id or str(leftover.path.relative_to(cache.root))
            judge(
                Removal(leftover.kind, name, leftover.path, leftover.size_bytes, why, leftover.model_id),
                tree.own_sizes(leftover.path),
            )
    return Pruning(cache, tuple(removals), tuple(kept))


_WHY = {
    Kind.STAGING: "a fetch that broke off",
    Kind.TRASH: "a copy that was replaced",
    Kind.ORPHAN: "nothing reads it",
}


def _wholes(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield what is removed together: a model, or all snapshots of one in the hub's layout."""
    ordered = sorted(entries, key=lambda entry: (entry.model_id, entry.layout, str(entry.path)))
    for _, group in groupby(ordered, key=lambda entry: (entry.model_id, entry.layout)):
        yield list(group)


def _patience_s(leftover: Leftover, older_s: float | None) -> float:
    if leftover.kind is Kind.TRASH:
        return 0.0
    if leftover.kind is Kind.ORPHAN:
        return ORPHAN_S
    return STAGING_S if older_s is None else min(STAGING_S, older_s)


def _why_not(cache: Cache, removal: Removal, *, is_open: bool) -> str | None:
    """Return what forbids a removal, in words."""
    if not tree.is_inside(removal.path, cache.root):
        return f"it is not in the cache: {_link(removal.path)} is a link to somewhere else"
    if is_open:
        return "a process has it open"
    return _at_work(cache, removal.model_id) if removal.model_id else None


def _link(path: Path) -> Path:
    return next((each for each in (path, *path.parents) if each.is_symlink()), path)


def _at_work(cache: Cache, model_id: str) -> str | None:
    if used.is_in_use(cache, model_id):
        return "it is being served"
    owner = fetching(cache.lock(model_id))
    return f"{owner} is fetching it" if owner else None


def _remove(path: Path, cache: Cache) -> None:
    """Remove a file, or a folder; that goes out of sight in one step, so that no half of it is served."""
    if not path.is_dir() or path.is_symlink():
        path.unlink()
        return
    trash = cache.trash("x").parent
    aside = trash / f"{path.name}.{os.getpid()}"
    doomed = path
    if path.parent != trash:
        trash.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # a mount of its own cannot be renamed; its files can still be removed
            doomed = path.rename(aside)
    shutil.rmtree(doomed)
    if path.parent.parent == cache.root and not path.parent.name.startswith("."):
        with suppress(OSError):
            path.parent.rmdir()  # the organisation, when this was its last model
