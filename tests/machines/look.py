"""Read a tree that was written."""

from __future__ import annotations

import re
from pathlib import Path

NODES = "sys/class/kfd/kfd/topology/nodes"
PCI = "sys/bus/pci/devices"


def names(folder: Path, pattern: str) -> list[str]:
    """The names in a folder that match, none where there is no folder."""
    found = folder.iterdir() if folder.is_dir() else ()
    return [path.name for path in found if re.fullmatch(pattern, path.name)]


def properties(node: Path) -> dict[str, int]:
    """The lines of a KFD node."""
    lines = (node / "properties").read_text().splitlines()
    return {name: int(value) for name, value in (line.split(" ") for line in lines)}


def gpu_nodes(root: Path) -> list[dict[str, int]]:
    """The lines of every GPU node that can be read, in the order of their numbers."""
    nodes = sorted((root / NODES).iterdir(), key=lambda node: int(node.name))
    return [found for node in nodes if (found := properties(node))["gfx_target_version"]]


def bank_bytes(root: Path, node: int) -> int:
    """The size of a KFD node's memory."""
    text = (root / NODES / str(node) / "mem_banks/0/properties").read_text()
    return int(text.split("size_in_bytes ")[1].split("\n")[0])
