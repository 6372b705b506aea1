"""The models room: which files of a source make the model. One format of the weights, not all three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath

from aim_runtime.models.words import size

# The same weights in formats that the engine does not read, or reads more slowly: half or more of many
# repositories.
_DUPLICATES = (
    *("*.bin", "*.bin.index.json", "*.pth", "*.pt", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf"),
    *("original/*", "metal/*", "onnx/*", "openvino/*", "coreml/*", "consolidated*.safetensors"),
)
# What no engine reads, whatever the format.
_NEVER = (".git/*", ".gitattributes", ".cache/*", ".parts/*", ".aim-manifest.json")


@dataclass(frozen=True)
class Wanted:
    """`sizes` in bytes by name of what is fetched; `skipped` of what is not."""

    sizes: Mapping[str, int]
    skipped: Mapping[str, int]

    def __str__(self) -> str:
        """What is skipped, in words; empty where nothing of weight is."""
        saved = sum(self.skipped.values())
        if not saved:
            return ""
        kinds = sorted({_kind(name) for name in self.skipped})
        total = saved + sum(self.sizes.values())
        count = len(self.skipped)
        return (
            f"skipping {count} file{'s' if count > 1 else ''} with the same weights in other formats "
            f"({', '.join(kinds)}): {size(saved)} of {size(total)} saved"
        )


def choose(sizes: Mapping[str, int]) -> Wanted:
    """Choose from the files of a source, by their paths in it.

    Where there are safetensors, the other formats are left out; names that would leave the folder, or
    that are ours, always are.
    """
    index = "model.safetensors.index.json" in sizes
    plain = index or any(
        name.endswith(".safetensors") and not name.startswith("consolidated") and "/" not in name
        for name in sizes
    )
    skip: tuple[str, ...] = _DUPLICATES if plain else ()
    if not plain and any(fnmatch(name, "consolidated*.safetensors") for name in sizes):
        skip = tuple(pattern for pattern in _DUPLICATES if not pattern.startswith("consolidated"))
    wanted: dict[str, int] = {}
    skipped: dict[str, int] = {}
    for name in sorted(sizes):
        if not is_inside(name) or any(fnmatch(name, pattern) for pattern in _NEVER):
            continue
        (skipped if any(fnmatch(name, pattern) for pattern in skip) else wanted)[name] = sizes[name]
    return Wanted(wanted, skipped)


def is_inside(name: str) -> bool:
    """Return whether a path of a source stays in the folder it is put in, and can be a file's there."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name


def _kind(name: str) -> str:
    folder, slash, _ = name.partition("/")
    if slash and f"{folder}/*" in _DUPLICATES:
        return f"{folder}/"
    return next((pattern for pattern in _DUPLICATES if fnmatch(name, pattern)), name)
