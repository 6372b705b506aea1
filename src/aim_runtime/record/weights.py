"""The weights of a run: what lies in their folder, and whether another folder holds the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aim_runtime.models import manifest
from aim_runtime.models.cache import is_weights
from aim_runtime.models.location import Location
from aim_runtime.models.words import size
from aim_runtime.record.values import File, Weights


def look_at(location: Location, folder: Path) -> Weights:
    """Return what `folder` holds, by its manifest; without one, by names and sizes: nothing is hashed."""
    written = manifest.read(folder)
    files = (
        {name: File(size_bytes=file.size, sha256=file.sha256) for name, file in sorted(written.files.items())}
        if written
        else {name: File(size_bytes=count, sha256=None) for name, count in sorted(_files(folder))}
    )
    return Weights(
        model_id=location.model_id,
        path=str(folder),
        sources=[str(source) for source in location.sources],
        source=written.source if written else None,
        revision=written.revision if written else _snapshot(folder),
        files=files,
    )


def differ(recorded: Weights, found: Weights) -> list[str]:
    """Say each way in which what was found is not what was recorded, as far as both are known."""
    lines = []
    for name, file in recorded.files.items():
        here = found.files.get(name)
        if here is None:
            lines.append(f"{name} is missing")
        elif file.sha256 and here.sha256:
            if file.sha256 != here.sha256:
                lines.append(f"{name} has the SHA-256 {here.sha256[:12]}…, not {file.sha256[:12]}…")
        elif file.size_bytes != here.size_bytes:
            lines.append(f"{name} has {size(here.size_bytes)}, not {size(file.size_bytes)}")
    if recorded.files:
        new = found.files.keys() - recorded.files.keys()
        lines += [f"{name} is new" for name in sorted(filter(is_weights, new))]
    return lines


def _snapshot(folder: Path) -> str | None:
    """The commit that a snapshot of huggingface_hub's layout is named by."""
    return folder.name if folder.parent.name == "snapshots" else None


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    for above, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for name in names:
            path = Path(above, name)
            if name.startswith("."):
                continue
            try:
                yield path.relative_to(folder).as_posix(), path.stat().st_size
            except OSError:
                continue
