"""The limits that the kernel's control groups set this process: CPUs, time of them, memory, processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware import cpulist
from aim_runtime.hardware.cgroup_paths import V2, groups
from aim_runtime.hardware.files import as_number, number, properties, text

# cgroup v1 says "no limit" with the largest multiple of a page.
_NO_LIMIT = 1 << 62


@dataclass(frozen=True)
class Memory:
    """Bytes: the limit of one group, and what of it a new process may take, None where not known."""

    limit_bytes: int
    free_bytes: int | None


def cpu_quota(root: Path) -> float | None:
    """The cores' worth of time that the tightest group grants; None without a limit."""
    found = []
    for group in groups(root, V2):
        limit, _, period = (text(group / "cpu.max") or "").partition(" ")
        found.append((as_number(limit), as_number(period)))
    for group in groups(root, "cpu"):
        found.append((number(group / "cpu.cfs_quota_us"), number(group / "cpu.cfs_period_us")))
    quotas = [limit / period for limit, period in found if limit and period]
    return min(quotas, default=None)


def cpuset(root: Path) -> tuple[int, ...]:
    """The logical CPUs of the nearest group that names any, which are within those of all above it."""
    named = [group / "cpuset.cpus.effective" for group in groups(root, V2)]
    for group in groups(root, "cpuset"):
        named += [group / "cpuset.effective_cpus", group / "cpuset.cpus"]
    return next((cpus for path in named if (cpus := cpulist.parse(text(path) or ""))), ())


def memory_limits(root: Path) -> tuple[Memory, ...]:
    """The limit of every group that has one; memory.high is none, above it a process is only slowed."""
    v1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    v2 = ("memory.max", "memory.current", "inactive_file")
    found = [_memory(group, v2) for group in groups(root, V2)]
    found += [_memory(group, v1) for group in groups(root, "memory")]
    return tuple(limit for limit in found if limit)


def process_limit(root: Path) -> int | None:
    """How many processes and threads the tightest group allows; None without a limit."""
    both = (*groups(root, V2), *groups(root, "pids"))
    return min((limit for group in both if (limit := number(group / "pids.max")) is not None), default=None)


def _memory(group: Path, names: tuple[str, str, str]) -> Memory | None:
    limit_name, used_name, cache_name = names
    limit, used = number(group / limit_name), number(group / used_name)
    if not limit or limit >= _NO_LIMIT:
        return None
    # Files that were read count as use, and go when memory is asked for.
    cache = properties(text(group / "memory.stat") or "").get(cache_name, 0)
    return Memory(limit, None if used is None else min(limit, max(0, limit - used + cache)))
