"""The models room: whether a folder is a whole model, told by names, sizes and headers alone."""

from __future__ import annotations

import json
import os
import re
import struct
from pathlib import Path
from typing import Any

from aim_runtime.models import manifest
from aim_runtime.models.cache import is_weights

# The limit of the safetensors library: a longer header is a file of another kind.
_MAX_HEADER_BYTES = 100_000_000
_SHARD = re.compile(r"(.*-)(\d+)-of-(\d+)(\.\w+)")
# More than any model has: a count beyond it is no count.
_MOST_SHARDS = 2000


def problems(folder: Path) -> tuple[str, ...]:
    """Return what keeps the engine from loading `folder`, each naming its file; empty when it is whole.

    Never raises: whatever the bytes are, they are data. Well below a millisecond a shard.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        return (f"{folder} cannot be read: {error.strerror}",)
    found = _config(folder) if "config.json" in names else ["config.json is missing"]
    weights = [name for name in names if is_weights(name)]
    if not weights:
        found.append("no weights: no *.safetensors, *.bin or consolidated* file")
    shards = [name for name in names if name.endswith(".safetensors")]
    index = "model.safetensors.index.json" if shards or not weights else "pytorch_model.bin.index.json"
    if index in names:
        found += _index(folder, index)
    else:
        found += _numbered(weights)
    for name in shards:
        found += shard_problems(folder / name)
    written = manifest.read(folder)
    if written is not None:
        found += manifest.size_problems(folder, written)
    return tuple(dict.fromkeys(found))


def untraced(path: str, flags: int) -> int:
    """Open a file for looking at it: when it was read last is when it was used last, for those who tidy."""
    try:
        return os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # another user's file
        return os.open(path, flags)


def parsed(path: Path) -> Any:
    """Parse `path`, turning every way in which that can fail into a ValueError with the reason."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from error


def _config(folder: Path) -> list[str]:
    try:
        config = parsed(folder / "config.json")
    except ValueError as error:
        return [f"config.json {error}"]
    return [] if isinstance(config, dict) else ["config.json is not a JSON object"]


def _index(folder: Path, name: str) -> list[str]:
    try:
        index = parsed(folder / name)
    except ValueError as error:
        return [f"{name} {error}"]
    files = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(files, dict) or not all(isinstance(shard, str) for shard in files.values()):
        return [f"{name} has no usable weight_map"]
    return [f"{shard} is missing" for shard in sorted(set(files.values())) if not _is_file(folder, shard)]


def _numbered(weights: list[str]) -> list[str]:
    """Without an index the shards themselves say how many they are: `model-00001-of-00003.safetensors`."""
    there = {match.groups() for name in weights if (match := _SHARD.fullmatch(name))}
    kinds = {(head, count, tail) for head, _, count, tail in there if int(count) <= _MOST_SHARDS}
    return [
        f"{head}{number:0{len(count)}}-of-{count}{tail} is missing"
        for head, count, tail in sorted(kinds)
        for number in range(1, int(count) + 1)
        if (head, f"{number:0{len(count)}}", count, tail) not in there
    ]


def _is_file(folder: Path, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):  # a name of a thousand characters, or with a null byte
        return False


def shard_problems(path: Path) -> list[str]:
    """Compare the size of a safetensors file with what its header says it should be."""
    try:
        size_bytes = path.stat().st_size
        with open(path, "rb", opener=untraced) as file:
            head = file.read(8)
            if len(head) < 8:
                return [f"{path.name} is {size_bytes} bytes long: too short for a safetensors file"]
            (header_bytes,) = struct.unpack("<Q", head)
            if header_bytes > min(size_bytes - 8, _MAX_HEADER_BYTES):
                return [f"{path.name} is cut off or not a safetensors file: its header does not fit in it"]
            header = json.loads(file.read(header_bytes))
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        expected_bytes = 8 + header_bytes + max(ends, default=0)
    except OSError as error:
        return [f"{path.name} cannot be read ({error.strerror})"]
    except (ValueError, RecursionError, TypeError, KeyError, IndexError, AttributeError):
        return [f"{path.name} has a header that is not that of a safetensors file"]
    if size_bytes != expected_bytes:
        return [f"{path.name} is {size_bytes} bytes long, but its header says {expected_bytes}"]
    return []
