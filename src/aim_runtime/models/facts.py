"""The models room: what a folder of weights tells of its model, by a look at config.json and sizes."""

from __future__ import annotations

import json
from pathlib import Path

from aim_runtime.models.architecture import Architecture

# Formats in the order in which the engine prefers them: one of them is loaded, never two.
_PATTERNS = ("*.safetensors", "*.bin")


def of_folder(folder: Path) -> Architecture | None:
    """Return the facts of the model in `folder`, None where there are no weights or no readable config.

    Never raises: a damaged folder is the preflight's to report.
    """
    size_bytes = bytes_on_disk(folder)
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if size_bytes is None or not isinstance(config, dict):
        return None
    return Architecture.from_config(config, size_bytes, f"{folder.name}/config.json in the cache")


def bytes_on_disk(folder: Path) -> int | None:
    """Return the size of the weights in `folder`, None where there are none."""
    for pattern in _PATTERNS:
        found = [path for path in folder.glob(pattern) if path.is_file()]
        # Mistral's own format lies beside the shards in some folders: the same weights once more.
        shards = [path for path in found if not path.name.startswith("consolidated")]
        if found:
            return sum(path.stat().st_size for path in shards or found)
    return None
