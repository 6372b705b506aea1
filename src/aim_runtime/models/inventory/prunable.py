"""The models room: what of a cache may go: decided here, done by the plan that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path

from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory import tree
from aim_runtime.models.inventory.entry import Entry, Files, Inventory, Kind, Leftover
from aim_runtime.models.inventory.pruning import MODEL, Kept, Pruning, Removal, at_work
from aim_runtime.models.layouts import Layout
from aim_runtime.models.orphans import PATIENCE_S

# An unfinished fetch is gone on with by the next one: it is left alone for as long as that may come.
STAGING_S = 24 * 3600.0
_WHY = {
    Kind.STAGING: "a fetch that broke off",
    Kind.TRASH: "a copy that was replaced",
    Kind.ORPHAN: "nothing reads it",
    Kind.COMPILED: "what an engine compiled",
}


@dataclass(frozen=True)
class Wish:
    """Models go when they were not used for `older_s`, none where that is None; never those of `keep`.

    `keep` are names or patterns; `now_s` is the time since the epoch, and `spoken` words one in seconds.
    """

    older_s: float | None
    keep: Sequence[str]
    now_s: float
    spoken: Callable[[float], str]


def plan(found: Inventory, cache: Cache, wish: Wish, opened: frozenset[tuple[int, int]]) -> Pruning:
    """Decide what goes; `opened` are the files that processes have open (`busy.open_files`)."""
    removals: list[Removal] = []
    kept: list[Kept] = []
    for removal, files in (*_models(found, wish), *_leftovers(found, wish)):
        if any(removal.path.is_relative_to(each.path) for each in removals):
            continue  # goes with what it is in
        why = _why_not(cache, removal, wish, is_open=not opened.isdisjoint(files))
        if why is None:
            removals.append(removal)
        else:
            kept.append(Kept(removal, why))
    return Pruning(cache, tuple(removals), tuple(kept))


def _models(found: Inventory, wish: Wish) -> Iterator[tuple[Removal, Files]]:
    if wish.older_s is None:
        return
    for entries in _wholes(found.ours):
        first = entries[0]
        used_s = max((entry.used_s for entry in entries if entry.used_s is not None), default=None)
        if used_s is not None and wish.now_s - used_s < wish.older_s:
            continue
        path = first.path if first.layout is Layout.FOLDER else first.path.parents[1]
        why = "never used" if used_s is None else f"last used {wish.spoken(wish.now_s - used_s)} ago"
        size_bytes = sum(tree.own_sizes(path).values())
        files = {file: size for entry in entries for file, size in entry.files.items()}
        yield Removal(MODEL, first.model_id, path, size_bytes, why, first.model_id), files


def _wholes(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield what is removed together: a model, or all snapshots of one in the hub's layout."""
    ordered = sorted(entries, key=lambda entry: (entry.model_id, entry.layout, str(entry.path)))
    for _, group in groupby(ordered, key=lambda entry: (entry.model_id, entry.layout)):
        yield list(group)


def _leftovers(found: Inventory, wish: Wish) -> Iterator[tuple[Removal, Files]]:
    for each in found.leftovers:
        age_s = wish.now_s - each.changed_s
        patience_s = _patience_s(each, wish)
        if patience_s is not None and age_s >= patience_s:
            why = f"{_WHY[each.kind]}, untouched for {wish.spoken(age_s)}"
            name = each.model_id or str(each.path.relative_to(found.root))
            yield (
                Removal(each.kind, name, each.path, each.size_bytes, why, each.model_id),
                tree.own_sizes(each.path),
            )


def _patience_s(leftover: Leftover, wish: Wish) -> float | None:
    """For how long it is left alone, in seconds since it changed; None: for ever."""
    if leftover.kind is Kind.COMPILED:
        return wish.older_s
    if leftover.kind is Kind.TRASH:
        return 0.0
    if leftover.kind is Kind.ORPHAN:
        return PATIENCE_S
    return STAGING_S if wish.older_s is None else min(STAGING_S, wish.older_s)


def _why_not(cache: Cache, removal: Removal, wish: Wish, *, is_open: bool) -> str | None:
    """Return what forbids a removal, in words."""
    if any(fnmatch(removal.model_id or "", pattern) for pattern in wish.keep):
        return "--keep names it"
    if not tree.is_inside(removal.path, cache.root):
        return f"it is not in the cache: {_link(removal.path)} is a link to somewhere else"
    if is_open:
        return "a process has it open"
    return at_work(cache, removal)


def _link(path: Path) -> Path:
    return next((each for each in (path, *path.parents) if tree.is_link(each)), path)
