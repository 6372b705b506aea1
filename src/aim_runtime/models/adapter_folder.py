"""The models room: look for LoRA adapters in a folder: one folder for each, named as the adapter."""

from __future__ import annotations

import re
from pathlib import Path

from aim_runtime.models.adapter import Adapter, Adapters, Skipped
from aim_runtime.models.preflight import parsed, shard_problems

CONFIG = "adapter_config.json"
# The first that is there is taken, as the engine does.
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def look_at(source: Path) -> Adapters:
    """Return the adapters in `source`; a folder that is not there has none. Never raises OSError.

    Only names, sizes, configurations and the headers of safetensors files are read.
    """
    try:
        entries = sorted(source.iterdir())
    except FileNotFoundError:
        return Adapters(source)
    except OSError as error:
        return Adapters(source, problem=f"{source} cannot be read: {error.strerror}")
    # What starts with a dot is somebody's: a copy under way, a mounted ConfigMap's versions.
    looks = [_look(entry) for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]
    found = tuple(each for each in looks if isinstance(each, Adapter))
    return Adapters(source, found, tuple(each for each in looks if isinstance(each, Skipped)), present=True)


def _look(folder: Path) -> Adapter | Skipped:
    name = folder.name
    if not _NAME.fullmatch(name):
        rule = "a name starts with a letter or digit and goes on with these, dots, underscores and hyphens"
        return Skipped(name, f"bad name: {rule}")
    weights = next((folder / each for each in WEIGHTS if _size_bytes(folder / each) is not None), None)
    if weights is None:
        return Skipped(name, f"no weights: neither {WEIGHTS[0]} nor {WEIGHTS[1]} is in {folder}")
    try:
        config = parsed(folder / CONFIG)
        signature = tuple(
            (each.st_size, each.st_mtime_ns) for each in ((folder / CONFIG).stat(), weights.stat())
        )
    except (OSError, ValueError) as error:
        return Skipped(name, f"{CONFIG} {error}")
    if not isinstance(config, dict):
        return Skipped(name, f"{CONFIG} is not a JSON object")
    problems = shard_problems(weights) if weights.suffix == ".safetensors" else []
    return Skipped(name, problems[0]) if problems else Adapter(name, folder, config, signature)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
