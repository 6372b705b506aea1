"""The groups of this process and their limits, in every arrangement of versions, mounts and namespaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.hardware import cgroup
from machines.files import put_all

GIB = 1024**3
TOP, OWN, INFO = "sys/fs/cgroup", "proc/self/cgroup", "proc/self/mountinfo"
NO_LIMIT_V1 = str(2**63 - 4096)
# A login of a virtual machine of 2025: most controllers have mounts of version 1, version 2 is beside them.
HYBRID = {
    OWN: "9:name=systemd:/\n8:pids:/\n4:memory:/agent/6f98\n3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n0::/\n",
    INFO: """\
23 27 0:22 / /sys rw,relatime - sysfs sysfs rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
""",
}


def v1_quota(quota_us: int, period_us: int = 100_000, below: str = "cpu") -> dict[str, str]:
    """The files of a group that is at `below` of the usual place."""
    folder = f"{TOP}/{below}"
    return {f"{folder}/cpu.cfs_quota_us": f"{quota_us}\n", f"{folder}/cpu.cfs_period_us": f"{period_us}\n"}


QUOTAS: dict[str, tuple[dict[str, str], float | None]] = {
    "nothing": ({}, None),
    "version 2": ({OWN: "0::/\n", f"{TOP}/cpu.max": "400000 100000\n"}, 4.0),
    "version 2, without a limit": ({OWN: "0::/\n", f"{TOP}/cpu.max": "max 100000\n"}, None),
    "version 2, a tighter parent": (
        {OWN: "0::/a/b\n", f"{TOP}/a/cpu.max": "200000 100000\n", f"{TOP}/a/b/cpu.max": "800000 100000\n"},
        2.0,
    ),
    "version 2, a tighter child": (
        {OWN: "0::/a/b\n", f"{TOP}/a/cpu.max": "800000 100000\n", f"{TOP}/a/b/cpu.max": "50000 100000\n"},
        0.5,
    ),
    "version 2, a sister is none of ours": (
        {OWN: "0::/a\n", f"{TOP}/a/cpu.max": "max 100000\n", f"{TOP}/ab/cpu.max": "100000 100000\n"},
        None,
    ),
    "version 2, the path is another namespace's": (
        {OWN: "0::/kubepods/pod7/x\n", f"{TOP}/cpu.max": "600000 100000\n"},
        6.0,
    ),
    "version 2, above our namespace": ({OWN: "0::/../x\n", f"{TOP}/cpu.max": "600000 100000\n"}, 6.0),
    "version 2, elsewhere": (
        {
            OWN: "0::/a\n",
            INFO: "30 23 0:26 / /run/my\\040groups rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
            "run/my groups/a/cpu.max": "300000 100000\n",
        },
        3.0,
    ),
    "version 2, the mount is a part of the tree": (
        {
            OWN: "0::/docker/x/inner\n",
            INFO: "30 23 0:26 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
            f"{TOP}/inner/cpu.max": "150000 100000\n",
        },
        1.5,
    ),
    "version 1, separate": ({OWN: "2:cpuacct:/\n1:cpu:/a\n", **v1_quota(300_000, below="cpu/a")}, 3.0),
    "version 1, joined": ({OWN: "4:cpu,cpuacct:/\n", **v1_quota(250_000, below="cpu,cpuacct")}, 2.5),
    "version 1, joined the other way": (
        {OWN: "4:cpuacct,cpu:/a\n", **v1_quota(250_000, below="cpuacct,cpu/a")},
        2.5,
    ),
    "version 1, a tighter parent": (
        {
            OWN: "4:cpu,cpuacct:/a/b\n",
            **v1_quota(100_000, below="cpu/a"),
            **v1_quota(50_000, 10_000, "cpu/a/b"),
        },
        1.0,
    ),
    "version 1, a tighter child": (
        {OWN: "1:cpu:/a/b\n", **v1_quota(-1, below="cpu/a"), **v1_quota(50_000, 25_000, "cpu/a/b")},
        2.0,
    ),
    "version 1, the path is another namespace's": ({OWN: "4:cpu:/docker/x\n", **v1_quota(700_000)}, 7.0),
    "version 1, the mount is a part of the tree": (
        {
            OWN: "4:cpu,cpuacct:/docker/x/inner\n",
            INFO: "40 33 0:29 /docker/x /sys/fs/cgroup/cpu rw master:1 - cgroup cgroup rw,cpu,cpuacct\n",
            **v1_quota(-1),
            **v1_quota(150_000, below="cpu/inner"),
        },
        1.5,
    ),
    "hybrid, version 1 limits": ({**HYBRID, **v1_quota(200_000)}, 2.0),
    "hybrid, the mounts are not known": (
        {OWN: HYBRID[OWN], f"{TOP}/unified/cpu.max": "200000 100000\n"},
        2.0,
    ),
    "hybrid, version 2 limits": ({**HYBRID, f"{TOP}/unified/cpu.max": "200000 100000\n"}, 2.0),
}


@pytest.mark.parametrize(("files", "expected"), QUOTAS.values(), ids=QUOTAS)
def test_the_quota_is_that_of_the_tightest_group(
    files: dict[str, str], expected: float | None, place: Path
) -> None:
    put_all(place, files)
    assert cgroup.cpu_quota(place) == expected


def v1_memory(limit: str, below: str = "") -> dict[str, str]:
    folder = f"{TOP}/memory/{below}"
    return {f"{folder}memory.limit_in_bytes": limit, f"{folder}memory.usage_in_bytes": str(GIB)}


MEMORY: dict[str, tuple[dict[str, str], list[int]]] = {
    "nothing": ({}, []),
    "version 2": ({OWN: "0::/\n", f"{TOP}/memory.max": f"{4 * GIB}\n"}, [4]),
    "what only slows is no limit": (
        {OWN: "0::/\n", f"{TOP}/memory.max": "max\n", f"{TOP}/memory.high": f"{GIB}\n"},
        [],
    ),
    "version 2, nested": (
        {OWN: "0::/a/b\n", f"{TOP}/a/memory.max": f"{2 * GIB}\n", f"{TOP}/a/b/memory.max": f"{4 * GIB}\n"},
        [4, 2],
    ),
    "version 1, nested": (
        {OWN: "4:memory:/a\n", **v1_memory(NO_LIMIT_V1), **v1_memory(str(8 * GIB), "a/")},
        [8],
    ),
    "hybrid": ({**HYBRID, **v1_memory(str(3 * GIB), "agent/6f98/")}, [3]),
    "hybrid, of the parent": (
        {**HYBRID, **v1_memory(str(2 * GIB), "agent/"), **v1_memory(NO_LIMIT_V1, "agent/6f98/")},
        [2],
    ),
}


@pytest.mark.parametrize(("files", "expected"), MEMORY.values(), ids=MEMORY)
def test_every_group_limits_memory(files: dict[str, str], expected: list[int], place: Path) -> None:
    put_all(place, files)
    assert [limit.limit_bytes for limit in cgroup.memory_limits(place)] == [gib * GIB for gib in expected]


def test_free_memory_is_never_more_than_the_limit(place: Path) -> None:
    put_all(
        place / TOP,
        {"memory.max": f"{GIB}", "memory.current": f"{GIB}", "memory.stat": f"inactive_file {9 * GIB}"},
    )
    assert cgroup.memory_limits(place) == (cgroup.Memory(GIB, GIB),)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ()),
        ({OWN: "0::/a\n", f"{TOP}/a/cpuset.cpus.effective": "8-9\n"}, (8, 9)),
        (
            {OWN: "0::/a/b\n", f"{TOP}/a/cpuset.cpus.effective": "8-9\n", f"{TOP}/a/b/cpu.max": "max 1"},
            (8, 9),
        ),
        ({OWN: "3:cpuset:/a\n", f"{TOP}/cpuset/a/cpuset.cpus": "4,6\n"}, (4, 6)),
        (
            {
                OWN: "3:cpuset:/\n",
                f"{TOP}/cpuset/cpuset.effective_cpus": "4\n",
                f"{TOP}/cpuset/cpuset.cpus": "4,6\n",
            },
            (4,),
        ),
    ],
    ids=["nothing", "version 2", "of the parent", "version 1", "version 1, less than was asked for"],
)
def test_the_cpuset_is_that_of_the_nearest_group(
    files: dict[str, str], expected: tuple[int, ...], place: Path
) -> None:
    put_all(place, files)
    assert cgroup.cpuset(place) == expected
