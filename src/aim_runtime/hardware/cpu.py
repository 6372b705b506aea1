"""The CPU as an accelerator: the cores and the memory that this process may really use."""

from __future__ import annotations

import os
from pathlib import Path

from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "the operating system"
MODEL = "CPU"


def probe(root: Path = Path("/")) -> Accelerator:
    """Return the CPU; `root` is where /proc and /sys are looked for."""
    cores = len(os.sched_getaffinity(0))
    quota = _quota_cores(root)
    return Accelerator(
        AcceleratorType.CPU, 0, MODEL, _name(root), _memory_bytes(root), min(cores, quota) if quota else cores
    )


def _name(root: Path) -> str:
    for line in _text(root / "proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "CPU"


def _quota_cores(root: Path) -> int | None:
    """Whole cores under the cgroup's CPU quota, at least 1; None where there is no quota."""
    limit, _, period = _text(root / "sys/fs/cgroup/cpu.max").partition(" ")
    if not limit:
        limit = _text(root / "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        period = _text(root / "sys/fs/cgroup/cpu/cpu.cfs_period_us")
    if not (limit.isdigit() and period.strip().isdigit()):
        return None
    return max(1, int(limit) // int(period))


def _memory_bytes(root: Path) -> int | None:
    """The machine's memory, or the cgroup's limit where that is smaller."""
    found = []
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            found.append(int(line.split()[1]) * 1024)
    for name in ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        limit = _text(root / name)
        if limit.isdigit():
            found.append(int(limit))
    return min(found, default=None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
