"""The NUMA nodes whose CPUs this process may use."""

from __future__ import annotations

import re
from pathlib import Path

from aim_runtime.hardware.accelerator import NumaNode
from aim_runtime.hardware.cpulist import parse
from aim_runtime.hardware.files import text

_NODES = "sys/devices/system/node"


def nodes(root: Path, cpus: tuple[int, ...]) -> tuple[NumaNode, ...]:
    """Return the nodes in order, with those of `cpus` that are on them; a node of none is left out."""
    allowed, found = frozenset(cpus), []
    for number in _listed(root):
        folder = root / _NODES / f"node{number}"
        ours = tuple(cpu for cpu in parse(text(folder / "cpulist") or "") if cpu in allowed)
        if ours:
            found.append(NumaNode(number, ours, _memory_bytes(text(folder / "meminfo") or "")))
    return tuple(found)


def _listed(root: Path) -> tuple[int, ...]:
    try:
        names = [path.name for path in (root / _NODES).iterdir()]
    except OSError:
        return ()
    return parse(",".join(name.removeprefix("node") for name in names if re.fullmatch(r"node\d+", name)))


def _memory_bytes(meminfo: str) -> int | None:
    found = re.search(r"MemTotal:\s+(\d{1,15}) kB", meminfo)
    return int(found[1]) * 1024 if found else None
