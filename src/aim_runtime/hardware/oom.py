"""What the kernel's out-of-memory killer did in this process's control group, as its counter says.

A process that it kills says nothing more: only the counter tells this SIGKILL from any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.cgroup import memory_limits
from aim_runtime.hardware.cgroup_paths import V2, groups
from aim_runtime.hardware.files import properties, text

# Version 2 counts for a group and all below it, version 1 for the group alone (since Linux 4.13).
_COUNTERS = ((V2, "memory.events"), ("memory", "memory.oom_control"))


@dataclass(frozen=True)
class OomCount:
    """How many processes were killed up to now; None where no group of this process counts them."""

    kills: int | None

    def since(self, before: OomCount) -> int | None:
        """How many were killed since `before` was read."""
        if self.kills is None or before.kills is None:
            return None
        return max(0, self.kills - before.kills)


def oom_count(root: Path = Path("/")) -> OomCount:
    """Read the counter of this process's own group; `root` is where /proc and /sys are looked for.

    A group above it counts what neighbours lost as well, in version 2.
    """
    for controller, name in _COUNTERS:
        for group in groups(root, controller)[:1]:
            found = properties(text(group / name) or "").get("oom_kill")
            if found is not None:
                return OomCount(found)
    return OomCount(None)


def memory_limit(root: Path = Path("/")) -> int | None:
    """The tightest memory limit of this process's groups in bytes, None without one."""
    return min((limit.limit_bytes for limit in memory_limits(root)), default=None)
