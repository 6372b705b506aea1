"""The control groups of a process: what it may have of the machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from machines.files import link, pairs, put, put_all

# What version 1 says where there is no limit: the largest multiple of a page in 63 bits.
UNLIMITED_V1 = 2**63 - 4096
_CONTROLLERS_V1 = ("cpu,cpuacct", "cpuset", "memory")


@dataclass(frozen=True)
class Group:
    """The limits of one group; `folder` is where it is below the mount, empty for the mount itself.

    None and empty stand for no limit of its own; `cpus` and `mems` are lists as 0-3,8.
    """

    folder: str = ""
    quota_us: int | None = None
    period_us: int = 100_000
    cpus: str = ""
    mems: str = ""
    memory_max: int | None = None
    memory_current: int = 2**30
    inactive_file: int = 2**28


@dataclass(frozen=True)
class Cgroup:
    """All groups that limit a process, the outermost first.

    `path` is what /proc/self/cgroup says. In a container with a namespace of its own that is `/`, and
    the limits are in the folder that is mounted; without one it is a path of the node, which is not
    there in the container.
    """

    version: int = 2
    path: str = "/"
    groups: tuple[Group, ...] = (Group(),)


# A login on a machine without any limit: nothing of the kind in the root group, `max` below it.
LOGIN = Cgroup(
    2,
    "/user.slice/user-1000.slice/session-3.scope",
    tuple(
        Group(folder)
        for folder in (
            "user.slice",
            "user.slice/user-1000.slice",
            "user.slice/user-1000.slice/session-3.scope",
        )
    ),
)


def write_cgroup(root: Path, cgroup: Cgroup, cpus: str, mems: str) -> None:
    """Write /proc/self/cgroup and /sys/fs/cgroup; `cpus` and `mems` are all that the machine has."""
    top = root / "sys/fs/cgroup"
    if cgroup.version == 2:
        put(root / "proc/self/cgroup", f"0::{cgroup.path}\n")
        put_all(
            top,
            {
                "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
                "cpuset.cpus.effective": f"{cpus}\n",
                "cpuset.mems.effective": f"{mems}\n",
            },
        )
        for group in cgroup.groups:
            put_all(top / group.folder, _v2(group, cpus, mems))
        return
    names = ("name=systemd", "pids", "memory", "devices", "cpuset", "cpu,cpuacct")
    lines = [f"{len(names) - index}:{name}:{cgroup.path}\n" for index, name in enumerate(names)]
    put(root / "proc/self/cgroup", "".join(lines) + f"0::{cgroup.path}\n")
    for controller in _CONTROLLERS_V1:
        for group in cgroup.groups:
            put_all(top / controller / group.folder, _v1(controller, group, cpus, mems))
    link(top / "cpu", top / "cpu,cpuacct")
    link(top / "cpuacct", top / "cpu,cpuacct")


def _v2(group: Group, cpus: str, mems: str) -> dict[str, str]:
    return {
        "cpu.max": f"{'max' if group.quota_us is None else group.quota_us} {group.period_us}\n",
        "cpu.weight": "100\n",
        "cpuset.cpus": f"{group.cpus}\n",
        "cpuset.cpus.effective": f"{group.cpus or cpus}\n",
        "cpuset.mems": f"{group.mems}\n",
        "cpuset.mems.effective": f"{group.mems or mems}\n",
        "memory.max": f"{'max' if group.memory_max is None else group.memory_max}\n",
        "memory.high": "max\n",
        "memory.current": f"{group.memory_current}\n",
        "memory.stat": pairs(_memory_stat(group)),
    }


def _v1(controller: str, group: Group, cpus: str, mems: str) -> dict[str, str | None]:
    limit = UNLIMITED_V1 if group.memory_max is None else group.memory_max
    files: dict[str, dict[str, str | None]] = {
        "cpu,cpuacct": {
            "cpu.cfs_quota_us": f"{-1 if group.quota_us is None else group.quota_us}\n",
            "cpu.cfs_period_us": f"{group.period_us}\n",
            "cpu.shares": "1024\n",
        },
        "cpuset": {
            "cpuset.cpus": f"{group.cpus or cpus}\n",
            "cpuset.effective_cpus": f"{group.cpus or cpus}\n",
            "cpuset.mems": f"{group.mems or mems}\n",
        },
        "memory": {
            "memory.limit_in_bytes": f"{limit}\n",
            "memory.usage_in_bytes": f"{group.memory_current}\n",
            "memory.stat": pairs(
                {
                    "cache": group.inactive_file,
                    "rss": group.memory_current - group.inactive_file,
                    "inactive_file": group.inactive_file,
                    "hierarchical_memory_limit": limit,
                    "total_inactive_file": group.inactive_file,
                }
            ),
        },
    }
    return files[controller]


def _memory_stat(group: Group) -> Mapping[str, int]:
    anonymous = group.memory_current - group.inactive_file
    return {
        "anon": anonymous,
        "file": group.inactive_file,
        "kernel": 0,
        "shmem": 0,
        "inactive_anon": 0,
        "active_anon": anonymous,
        "inactive_file": group.inactive_file,
        "active_file": 0,
    }
