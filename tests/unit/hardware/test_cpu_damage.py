"""The CPU, whatever is in the kernel's files: one file damaged after the other, and all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.hardware import cpu
from machines.files import put_all

GIB = 1024**3
WHOLE = {
    "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3\n",
    "proc/self/cgroup": "4:cpu:/a\n3:memory:/a\n2:cpuset:/a\n0::/a\n",
    "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
    "model name\t: AMD EPYC 9654 96-Core Processor\nphysical id\t: 0\ncore id\t\t: 0\nflags\t\t: avx2\n",
    "proc/meminfo": "MemTotal:       16777216 kB\nMemAvailable:   12582912 kB\n",
    "sys/devices/system/cpu/online": "0-3",
    "sys/devices/system/cpu/present": "0-3",
    "sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1",
    "sys/devices/system/node/node0/cpulist": "0-3",
    "sys/devices/system/node/node0/meminfo": "Node 0 MemTotal:   1024 kB\n",
    "sys/fs/cgroup/a/cpu.max": "200000 100000",
    "sys/fs/cgroup/a/memory.max": str(GIB),
    "sys/fs/cgroup/a/memory.current": str(GIB // 2),
    "sys/fs/cgroup/a/memory.stat": "inactive_file 4096\n",
    "sys/fs/cgroup/a/cpuset.cpus.effective": "0-3",
    "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "300000",
    "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/memory/a/memory.limit_in_bytes": str(GIB),
    "sys/fs/cgroup/memory/a/memory.usage_in_bytes": "4096",
    "sys/fs/cgroup/cpuset/a/cpuset.cpus": "0-3",
}
# What is in the file instead; None: it is a folder.
DAMAGES = {
    "a folder": None,
    "empty": b"",
    "words": b"no number at all\n",
    "a negative number": b"-1 -1\n",
    "zero": b"0 0\n",
    "too large": b"9" * 5000,
    "a name and nothing": b"Cpus_allowed_list:\nprocessor\t:\nMemTotal:\ninactive_file\n0::\n",
    "numbers that are none": b"MemTotal: 1e9 kB\nMemAvailable: \xc2\xb2 kB\nprocessor : \xd9\xa3\n0x 1_0\n",
    "bytes": bytes(range(256)),
    "zeros": b"\0" * 4096,
    "long lines": b"0::/" + b"x/" * 9000 + b"\n1:cpu,memory,cpuset:/" + b"y" * 9000,
    "a list of everything": b"0-65535\n",
    "a list of nothing": b"3-1,,-,a-b\n",
    "an own line": b"Cpus_allowed_list:\t0-65535\nprocessor\t: 18446744073709551616\n"
    b"MemTotal: 99999999999999999999 kB\n",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", [*WHOLE, "all"])
def test_whatever_is_in_the_files_there_is_a_cpu(name: str, damage: bytes | None, place: Path) -> None:
    put_all(place, WHOLE)
    whole = cpu.probe(place)
    assert (whole.cores, whole.memory_bytes, whole.free_bytes) == (2, GIB, GIB // 2 + 4096)
    for each in WHOLE if name == "all" else (name,):
        path = place / each
        path.unlink()
        path.mkdir() if damage is None else path.write_bytes(damage)
    found = cpu.probe(place)
    assert found.processor is not None
    assert 1 <= found.cores <= max(1, len(found.processor.cpus))
    assert found.memory_bytes is None or 0 < found.memory_bytes < 1 << 62
    assert found.free_bytes is None or 0 <= found.free_bytes < 1 << 62
    if name != "all":
        assert found.cores <= 4
