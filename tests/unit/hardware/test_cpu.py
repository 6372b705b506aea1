"""The CPU as this process may use it: cores, memory, what it can compute, under every kind of limit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.hardware import cpu

CORES = len(os.sched_getaffinity(0))
GIB = 1024**3
MEMINFO = "MemTotal:       16777216 kB\nMemFree:  1 kB\n"  # 16 GiB
CPUINFO = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9654 96-Core Processor\n"


def fake_root(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


V2 = "sys__fs__cgroup__"
AVAILABLE = f"{MEMINFO}MemAvailable:   12582912 kB\n"  # 12 GiB


def used_v2(limit_gib: int, used_gib: int, cache_gib: int = 0) -> dict[str, str]:
    return {
        f"{V2}memory_DOT_max": str(limit_gib * GIB),
        f"{V2}memory_DOT_current": str(used_gib * GIB),
        f"{V2}memory_DOT_stat": f"anon 1\ninactive_file {cache_gib * GIB}\nactive_file 5\n",
    }


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, CORES),
        ({f"{V2}cpu_DOT_max": "max 100000\n"}, CORES),
        ({f"{V2}cpu_DOT_max": "100000 100000\n"}, 1),
        ({f"{V2}cpu_DOT_max": "50000 100000\n"}, 1),
        ({f"{V2}cpu_DOT_max": "12800000 100000\n"}, min(CORES, 128)),
        ({f"{V2}cpu__cpu_DOT_cfs_quota_us": "100000", f"{V2}cpu__cpu_DOT_cfs_period_us": "100000"}, 1),
        ({f"{V2}cpu__cpu_DOT_cfs_quota_us": "-1", f"{V2}cpu__cpu_DOT_cfs_period_us": "100000"}, CORES),
        ({f"{V2}cpu_DOT_max": "garbage"}, CORES),
    ],
    ids=["no files", "v2 max", "v2 one core", "v2 half a core", "v2 many", "v1", "v1 none", "garbled"],
)
def test_cores_are_those_of_the_quota(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert cpu.probe(fake_root(tmp_path, **files)).cores == cores


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"proc__meminfo": MEMINFO}, 16 * GIB),
        ({"proc__meminfo": MEMINFO, f"{V2}memory_DOT_max": "max"}, 16 * GIB),
        ({"proc__meminfo": MEMINFO, f"{V2}memory_DOT_max": str(4 * GIB)}, 4 * GIB),
        ({"proc__meminfo": MEMINFO, f"{V2}memory_DOT_max": str(64 * GIB)}, 16 * GIB),
        ({"proc__meminfo": MEMINFO, f"{V2}memory__memory_DOT_limit_in_bytes": str(2 * GIB)}, 2 * GIB),
        ({"proc__meminfo": MEMINFO, f"{V2}memory__memory_DOT_limit_in_bytes": str(2**63 - 4096)}, 16 * GIB),
    ],
    ids=["no files", "machine", "v2 max", "v2 limit", "v2 limit above the machine", "v1 limit", "v1 none"],
)
def test_memory_is_that_of_the_limit(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    assert cpu.probe(fake_root(tmp_path, **files)).memory_bytes == expected


@pytest.mark.parametrize(
    ("files", "expected_gib"),
    [
        ({}, None),
        ({"proc__meminfo": MEMINFO}, None),  # old kernels do not say what is available
        ({"proc__meminfo": AVAILABLE}, 12),
        ({"proc__meminfo": AVAILABLE, f"{V2}memory_DOT_max": "max", f"{V2}memory_DOT_current": str(GIB)}, 12),
        ({"proc__meminfo": AVAILABLE, **used_v2(8, 3)}, 5),
        ({"proc__meminfo": AVAILABLE, **used_v2(8, 3, cache_gib=2)}, 7),
        ({"proc__meminfo": AVAILABLE, **used_v2(64, 3)}, 12),
        ({"proc__meminfo": AVAILABLE, **used_v2(8, 9)}, 0),
        (
            {
                "proc__meminfo": AVAILABLE,
                f"{V2}memory__memory_DOT_limit_in_bytes": str(4 * GIB),
                f"{V2}memory__memory_DOT_usage_in_bytes": str(3 * GIB),
                f"{V2}memory__memory_DOT_stat": f"cache 7\ntotal_inactive_file {GIB}\n",
            },
            2,
        ),
    ],
    ids=[
        *("no files", "an old kernel", "machine", "no limit", "limit", "files that were read are free"),
        *("limit above the machine", "over the limit", "v1"),
    ],
)
def test_free_memory_is_what_the_limit_leaves(
    tmp_path: Path, files: dict[str, str], expected_gib: int | None
) -> None:
    expected = None if expected_gib is None else expected_gib * GIB
    assert cpu.probe(fake_root(tmp_path, **files)).free_bytes == expected


def test_name(tmp_path: Path) -> None:
    named = cpu.probe(fake_root(tmp_path, proc__cpuinfo=CPUINFO))
    assert (named.models, named.name) == (("EPYC_ZEN4", "CPU"), "AMD EPYC 9654 96-Core Processor")
    assert cpu.probe(tmp_path / "nothing").name == "CPU"


def test_this_machine_has_cores_and_memory() -> None:
    here = cpu.probe()
    assert here.cores >= 1
    assert here.memory_bytes


# Family and model of /proc/cpuinfo; the models are those that the kernel calls by these names.
@pytest.mark.parametrize(
    ("family", "model", "generation"),
    [
        (23, 0x01, "Zen"),
        (23, 0x31, "Zen 2"),
        (23, 0x50, "Zen"),
        (25, 0x01, "Zen 3"),
        (25, 0x11, "Zen 4"),  # 9004
        (25, 0x50, "Zen 3"),
        (25, 0xA0, "Zen 4"),  # 9704 and 8004
        (25, 0xAF, "Zen 4"),
        (26, 0x02, "Zen 5"),  # 9005
        (26, 0x11, "Zen 5"),  # 9005 with Zen 5c
        (26, 0x50, "Zen 6"),
        (26, 0x30, ""),
        (21, 0x02, ""),
    ],
)
def test_a_virtual_machine_that_hides_the_number_has_a_generation_and_no_kind(
    family: int, model: int, generation: str, place: Path
) -> None:
    cpuinfo = f"processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: {family}\nmodel\t\t: {model}\n"
    found = cpu.probe(fake_root(place, proc__cpuinfo=f"{cpuinfo}model name\t: AMD EPYC\n"))
    assert found.processor is not None
    assert (found.models, found.processor.model_number) == (("CPU",), "")
    assert (found.processor.vendor, found.processor.generation) == ("AuthenticAMD", generation)


STATUS = "proc__self__status"
SYSTEM = "sys__devices__system__"
ONLINE, PRESENT = f"{SYSTEM}cpu__online", f"{SYSTEM}cpu__present"


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        ({STATUS: "Cpus_allowed_list:\t4-7\n", ONLINE: "0-191"}, (4, 5, 6, 7)),
        ({STATUS: "Cpus_allowed_list:\t0-255\n", ONLINE: "0-3"}, (0, 1, 2, 3)),
        ({STATUS: "Cpus_allowed_list:\t2-5\n", ONLINE: "0-3"}, (2, 3)),
        ({STATUS: "Cpus_allowed_list:\t8-9\n", ONLINE: "0-1"}, (0, 1)),
        ({STATUS: "Cpus_allowed_list:\t8-9\n"}, (8, 9)),
        ({f"{V2}cpuset_DOT_cpus_DOT_effective": "4-5", ONLINE: "0-7"}, (4, 5)),
        ({f"{V2}cpuset__cpuset_DOT_cpus": "6", ONLINE: "0-7", STATUS: "Name:\tx\n"}, (6,)),
        ({ONLINE: "0-1,3"}, (0, 1, 3)),
        ({"proc__cpuinfo": "processor\t: 0\n\nprocessor\t: 2\n"}, (0, 2)),
        ({PRESENT: "0-2"}, (0, 1, 2)),
    ],
    ids=[
        *("a cpuset", "more than the machine has", "two are switched off", "all are switched off"),
        *("nobody says what is on", "the cpuset of version 2", "the cpuset of version 1", "all that are on"),
        *("those of cpuinfo", "those that are present"),
    ],
)
def test_cpus_are_those_that_this_process_may_use_and_that_run(
    files: dict[str, str], cpus: tuple[int, ...], place: Path
) -> None:
    found = cpu.probe(fake_root(place, **files))
    assert found.processor is not None
    assert (found.processor.cpus, found.cores) == (cpus, len(cpus))


def test_threads_of_one_core_are_known_without_cpuinfo(place: Path) -> None:
    """As on Arm: cpuinfo does not say what shares a core."""
    threads = {
        f"{SYSTEM}cpu__cpu{n}__topology__thread_siblings_list": f"{n % 2},{n % 2 + 2}" for n in range(4)
    }
    blocks = "\n\n".join(f"processor\t: {n}\nFeatures\t: asimd sve" for n in range(4))
    found = cpu.probe(fake_root(place, proc__cpuinfo=blocks, **{ONLINE: "0-3"}, **threads))
    assert found.processor is not None
    assert (found.cores, found.processor.physical_cores) == (4, 2)
    (place / "sys/devices/system/cpu/cpu1/topology/thread_siblings_list").write_text("garbage")
    unsure = cpu.probe(place).processor
    assert unsure is not None
    assert unsure.physical_cores == 3
