"""The models room: all of a cache, looked at with names, sizes and headers alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aim_runtime.models import manifest, used
from aim_runtime.models.cache import Cache, free_bytes, is_weights, names
from aim_runtime.models.inventory import leftovers, tree
from aim_runtime.models.inventory.entry import Entry, Inventory
from aim_runtime.models.layouts import Layout
from aim_runtime.models.preflight import problems

_REPOSITORY = "models--"
# What makes a folder a model, or what is left of one.
_SIGNS = ("config.json", "model.safetensors.index.json", manifest.NAME)


def scan(cache: Cache) -> Inventory:
    """Look at the whole cache; what this user may not enter is not seen."""
    models = [*_in_folders(cache), *_in_hub(cache, cache.hub, ours=True)]
    theirs = cache.read_hub_at
    if theirs is not None and not _same(theirs, cache.hub):
        models += _in_hub(cache, theirs, ours=False)
    models.sort(key=lambda entry: (entry.model_id.casefold(), not entry.ours, entry.layout, str(entry.path)))
    try:
        free = free_bytes(cache.root)
    except OSError:
        free = None
    return Inventory(cache.root, tuple(models), tuple(leftovers.find(cache, models)), free)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _in_folders(cache: Cache) -> Iterator[Entry]:
    for first in tree.folders(cache.root):
        if first.name.startswith("."):
            continue
        if is_model(first):
            yield _entry(cache, first.name, Layout.FOLDER, first)
            continue
        for second in tree.folders(first):
            if not second.name.startswith((".", _REPOSITORY)) and is_model(second):
                yield _entry(cache, f"{first.name}/{second.name}", Layout.FOLDER, second)


def is_model(folder: Path) -> bool:
    """Return whether a folder holds a model or parts of one, and not other folders or something else."""
    return any(name in _SIGNS or is_weights(name) or name.endswith(".gguf") for name in names(folder))


def _in_hub(cache: Cache, hub: Path, *, ours: bool) -> Iterator[Entry]:
    for repository in tree.folders(hub):
        if not repository.name.startswith(_REPOSITORY):
            continue
        model_id = repository.name.removeprefix(_REPOSITORY).replace("--", "/", 1)
        refs = _refs(repository)
        for snapshot in tree.folders(repository / "snapshots"):
            if names(snapshot):
                its = tuple(sorted(ref for ref, commit in refs.items() if commit == snapshot.name))
                yield _entry(cache, model_id, Layout.HUB, snapshot, ours=ours, refs=its)


def _refs(repository: Path) -> dict[str, str]:
    """Return which commits the branches and tags of a repository were at."""
    found = {}
    for path in tree.files_below(repository / "refs"):
        try:
            found[path.relative_to(repository / "refs").as_posix()] = path.read_text("ascii").strip()
        except (OSError, ValueError):
            continue
    return found


def _entry(
    cache: Cache, model_id: str, layout: Layout, path: Path, *, ours: bool = True, refs: tuple[str, ...] = ()
) -> Entry:
    written = manifest.read(path)
    return Entry(
        model_id,
        layout,
        path,
        problems(path),
        written.source if written else (f"hf://{model_id}" if layout is Layout.HUB else None),
        written.revision if written else (path.name if layout is Layout.HUB else None),
        refs,
        _used_s(cache, model_id, path, ours=ours),
        ours,
        tree.sizes(tree.files_below(path)),
    )


def _used_s(cache: Cache, model_id: str, path: Path, *, ours: bool) -> float | None:
    """Return the time of the last use: as it was written down, else when the weights were read last."""
    written = used.last(cache, model_id) if ours else None
    if written is not None:
        return written
    times = []
    for name in names(path):
        if is_weights(name) or name in _SIGNS:
            try:
                status = (path / name).stat()
            except OSError:
                continue
            # The record is read by whoever looks; it was written when the model had arrived.
            times.append(status.st_atime if is_weights(name) else status.st_mtime)
    return max(times, default=None)
