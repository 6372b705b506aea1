"""The models room: what lies in a cache and is no model: unfinished fetches, replaced copies, orphans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from aim_runtime.models import orphans, partial
from aim_runtime.models.cache import Cache
from aim_runtime.models.inventory import tree
from aim_runtime.models.inventory.busy import fetching
from aim_runtime.models.inventory.entry import Entry, Kind, Leftover
from aim_runtime.models.layouts import Layout

_HIDDEN = re.compile(r"\..+\.[0-9a-f]{8}")
_OF_A_USER = re.compile(r"(\.aim-)?uid-\d+")
# A blob of a hub, named by its SHA-256 or git's SHA-1.
_BLOB = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


def find(cache: Cache, models: Iterable[Entry]) -> Iterator[Leftover]:
    """Yield what is left over, in a fixed order."""
    for area in _areas(cache, "staging"):
        for staging in tree.folders(area):
            yield _staging(cache, staging)
    trash = [path for area in _areas(cache, "trash") for path in tree.entries(area)]
    for path in (*trash, *_hidden(cache)):
        yield _leftover(Kind.TRASH, path)
    for path in tree.folders(cache.area("compiled")):
        yield _leftover(Kind.COMPILED, path)
    ours = [entry for entry in models if entry.ours]
    for path in sorted({path for entry in ours for path in _orphans_in(entry)} | set(_of_the_hub(cache))):
        yield _leftover(Kind.ORPHAN, path)


def _areas(cache: Cache, kind: str) -> Iterator[Path]:
    """Yield the folders for one kind: a user who may not write the common one has one beside it."""
    common = cache.area(kind)
    yield common
    for own in (*tree.folders(common.parent), *tree.folders(cache.root)):
        if _OF_A_USER.fullmatch(own.name):
            yield own / kind


def _hidden(cache: Cache) -> Iterator[Path]:
    """Yield replaced copies beside the models: where another user's folder could only be renamed."""
    for first in tree.folders(cache.root):
        if not first.name.startswith("."):
            yield from (path for path in tree.folders(first) if _HIDDEN.fullmatch(path.name))


def _staging(cache: Cache, path: Path) -> Leftover:
    model_id = re.sub(r"\.uid-\d+$", "", path.name).replace("--", "/", 1)
    return Leftover(
        Kind.STAGING,
        path,
        sum(tree.own_sizes(path).values()),
        tree.changed_s(path),
        model_id,
        partial.arrived_bytes(path),
        partial.expected_bytes(path),
        fetching(cache.lock(model_id)),
    )


def _leftover(kind: Kind, path: Path) -> Leftover:
    return Leftover(kind, path, sum(tree.own_sizes(path).values()), tree.changed_s(path))


def _orphans_in(entry: Entry) -> Iterator[Path]:
    if entry.layout is Layout.FOLDER and not tree.is_link(entry.path):
        yield from (path for path in tree.files_below(entry.path) if orphans.NAME.fullmatch(path.name))


def _of_the_hub(cache: Cache) -> Iterator[Path]:
    """Yield the files that no snapshot leads to: broken off downloads, and blobs of removed snapshots."""
    for repository in tree.folders(cache.hub):
        if not repository.name.startswith("models--"):
            continue
        wanted = tree.sizes(tree.files_below(repository / "snapshots"))
        for blob in tree.files_below(repository / "blobs"):
            unwanted = _BLOB.fullmatch(blob.name) and not tree.own_sizes(blob).keys() & wanted.keys()
            if unwanted or orphans.NAME.fullmatch(blob.name):
                yield blob
