"""The models room: how large the weights in a folder are, by a look at names and sizes."""

from __future__ import annotations

from pathlib import Path

# Formats in the order in which the engine prefers them: one of them is loaded, never two.
_PATTERNS = ("*.safetensors", "*.bin")


def bytes_on_disk(folder: Path) -> int | None:
    """Return the size of the weights in `folder`, None where there are none."""
    for pattern in _PATTERNS:
        sizes = [path.stat().st_size for path in folder.glob(pattern) if path.is_file()]
        if sizes:
            return sum(sizes)
    return None
