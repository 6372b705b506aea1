"""The CPU as an accelerator: the cores and the memory that this process may really use."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aim_runtime.hardware import epyc
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "the operating system"
MODEL = "CPU"
_V2, _V1 = "sys/fs/cgroup/memory", "sys/fs/cgroup/memory/memory"
# Limit, use, and where the use by file caches is: under cgroup v2 and v1.
_CGROUP_MEMORY = (
    (f"{_V2}.max", f"{_V2}.current", f"{_V2}.stat", "inactive_file"),
    (f"{_V1}.limit_in_bytes", f"{_V1}.usage_in_bytes", f"{_V1}.stat", "total_inactive_file"),
)


def probe(root: Path = Path("/")) -> Accelerator:
    """Return the CPU; `root` is where /proc and /sys are looked for."""
    cores = len(os.sched_getaffinity(0))
    quota = _quota_cores(root)
    name = _name(root)
    model, *also = epyc.models(name, MODEL)
    return Accelerator(
        AcceleratorType.CPU,
        0,
        model,
        name,
        _memory_bytes(root),
        min(cores, quota) if quota else cores,
        _free_bytes(root),
        tuple(also),
    )


def declared(text: str, seen: Accelerator) -> Accelerator | None:
    """Return the CPU that the user names (`CPU`, `EPYC_ZEN5`, `EPYC 9965`), None for what is not a CPU.

    Of a kind that this machine is not, nothing is known but what profiles it can run.
    """
    if text.casefold() == MODEL.casefold():
        return seen
    number = f"EPYC {text}" if re.fullmatch(r"9[0-9A-Za-z]{2}[45][A-Za-z]?", text) else text
    model, *also = epyc.models(number, MODEL)
    if model == MODEL:
        return None
    if model in seen.models:
        return seen
    return Accelerator(AcceleratorType.CPU, 0, model, text, None, also=tuple(also))


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
    limits = [_number(root / limit_name) for limit_name, *_ in _CGROUP_MEMORY]
    found = [_of_machine(root, "MemTotal:"), *limits]
    return min((size for size in found if size is not None), default=None)


def _free_bytes(root: Path) -> int | None:
    """What a new process may take: of the machine, or of what the cgroup's limit leaves."""
    found = [_of_machine(root, "MemAvailable:")]
    for limit_name, used_name, stat_name, cache_name in _CGROUP_MEMORY:
        limit, used = _number(root / limit_name), _number(root / used_name)
        if limit is not None and used is not None:
            # Files that were read count as use, and go when memory is asked for.
            cache = re.search(rf"^{cache_name} (\d+)$", _text(root / stat_name), re.MULTILINE)
            found.append(max(0, limit - used + (int(cache[1]) if cache else 0)))
    return min((size for size in found if size is not None), default=None)


def _of_machine(root: Path, name: str) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
