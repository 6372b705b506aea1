"""The models room: look at where a model lies: the file system, and what of it is in memory."""

from __future__ import annotations

import os
from pathlib import Path

from aim_runtime.models.cache import is_weights, names
from aim_runtime.models.filesystem import MOUNTS, kind
from aim_runtime.models.page_cache import resident_share
from aim_runtime.models.storage import Storage

# A look opens this many files at most, the largest ones: on a network file system each costs a round trip.
_FILES = 8


def look_at(folder: Path, available_bytes: int | None, mounts: Path = MOUNTS) -> Storage:
    """Return what the weights in `folder` lie on; of a folder that is not there, what it would lie on."""
    weights = weights_of(folder)
    # In the Hugging Face hub's layout the names are links, to where the bytes are.
    place = weights[0] if weights else _nearest(folder)
    sizes = {path: _size_bytes(path) for path in weights}
    total_bytes = sum(sizes.values())
    return Storage(
        kind(place, mounts),
        total_bytes,
        _resident(sizes),
        available_bytes,
        all(path.name.endswith(".safetensors") for path in weights),
    )


def weights_of(folder: Path) -> list[Path]:
    """Return the files that an engine would load of `folder`, in the order of their names.

    Of several formats it takes one: safetensors, and not the original ones beside them (vLLM: auto).
    """
    every = sorted(filter(is_weights, names(folder)))
    tensors = [name for name in every if name.endswith(".safetensors")]
    converted = [name for name in tensors if not name.startswith("consolidated")]
    return [folder / name for name in converted or tensors or every]


def _resident(sizes: dict[Path, int]) -> float | None:
    """The share of the largest files that is in memory, None where the kernel does not tell of one."""
    largest = sorted(sizes, key=lambda path: (-sizes[path], path.name))[:_FILES]
    held = looked_at = 0.0
    for path in largest:
        try:
            share = resident_share(path)
        except OSError:
            return None
        if share is None:
            return None
        held += share * sizes[path]
        looked_at += sizes[path]
    return held / looked_at if looked_at else None


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next((path for path in (folder, *folder.parents) if os.path.exists(path)), folder)  # noqa: PTH110
