"""The CPU of each machine: cores, nodes and limits, value by value, in every arrangement of groups."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.hardware import cgroup, cpu
from aim_runtime.hardware.accelerator import Processor
from aim_runtime.hardware.cpulist import parse, written
from machines import Cgroup, Group, Machine, no_gpu, write

Tree = Callable[[str], Path]
GIB = 1024**3


def limited(place: Path, groups: Cgroup, allowed: str = "") -> Path:
    """A server of 192 CPUs in two NUMA nodes, with these groups."""
    machine: Machine = no_gpu()
    return write(replace(machine, host=replace(machine.host, cgroup=groups, allowed=allowed)), place)


def processor(root: Path) -> Processor:
    found = cpu.probe(root).processor
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "model", "generation", "number", "cores", "physical", "nodes"),
    [
        ("no GPU", "EPYC_ZEN4", "Zen 4", "9454", 192, 96, 2),
        ("8 MI355X", "EPYC_ZEN5", "Zen 5", "9575F", 256, 128, 2),
        ("8 MI210", "CPU", "Zen 3", "7763", 128, 128, 2),
        ("8 MI308X SPX", "CPU", "", "", 224, 112, 2),
        ("4 MI300A", "CPU", "Zen 4", "", 192, 96, 4),
        ("W7900 beside an iGPU", "CPU", "Zen 4", "", 32, 16, 1),
        ("Strix Halo", "CPU", "Zen 5", "", 32, 16, 1),
        ("8 MI300X VF", "EPYC_ZEN4", "Zen 4", "9454", 24, 24, 1),
    ],
)
def test_each_machines_cpu(
    name: str, model: str, generation: str, number: str, cores: int, physical: int, nodes: int, tree: Tree
) -> None:
    found = cpu.probe(tree(name))
    inner = found.processor
    assert inner is not None
    assert (found.model, inner.generation, inner.model_number) == (model, generation, number)
    assert (found.cores, len(inner.cpus), inner.node_cpus, inner.physical_cores) == (
        *(cores, cores, cores),
        physical,
    )
    assert [node.number for node in inner.numa_nodes] == list(range(nodes))
    assert sum(len(node.cpus) for node in inner.numa_nodes) == cores
    assert inner.quota is None


def test_instruction_sets_are_those_that_inference_asks_for(tree: Tree) -> None:
    intel = processor(tree("8 MI308X SPX")).features
    assert {"avx512_bf16", "amx_tile", "amx_bf16", "amx_int8"} <= set(intel)
    zen3 = processor(tree("8 MI210")).features
    assert zen3 == ("avx2",)


def test_arm_has_other_names(place: Path) -> None:
    root = limited(place, Cgroup())
    (root / "proc/cpuinfo").write_text(
        "processor\t: 0\nFeatures\t: fp asimd aes i8mm bf16 sve\nCPU implementer\t: 0x41\n\n"
        "processor\t: 1\nFeatures\t: fp asimd aes i8mm bf16 sve\n"
    )
    assert processor(root).features == ("asimd", "bf16", "i8mm", "sve")


# Groups, the cores that follow, and the quota.
QUOTAS: list[tuple[str, Cgroup, int, float | None]] = [
    ("none", Cgroup(), 192, None),
    ("a container of its own", Cgroup(2, "/", (Group(quota_us=400_000),)), 4, 4.0),
    ("half a core", Cgroup(2, "/", (Group(quota_us=50_000),)), 1, 0.5),
    ("a fraction is cut off", Cgroup(2, "/", (Group(quota_us=350_000),)), 3, 3.5),
    ("another period", Cgroup(2, "/", (Group(quota_us=80_000, period_us=20_000),)), 4, 4.0),
    ("a group below the mount", Cgroup(2, "/a/b", (Group("a"), Group("a/b", quota_us=800_000))), 8, 8.0),
    (
        "the parent is tighter",
        Cgroup(2, "/a/b", (Group("a", quota_us=200_000), Group("a/b", quota_us=800_000))),
        *(2, 2.0),
    ),
    ("the path is the node's, not ours", Cgroup(2, "/kubepods/x", (Group(quota_us=600_000),)), 6, 6.0),
    ("version 1", Cgroup(1, "/", (Group(quota_us=400_000),)), 4, 4.0),
    (
        "version 1, nested",
        Cgroup(1, "/a/b", (Group("a", quota_us=300_000), Group("a/b", quota_us=800_000))),
        *(3, 3.0),
    ),
    ("more than there is", Cgroup(2, "/", (Group(quota_us=99_900_000),)), 192, 999.0),
]


@pytest.mark.parametrize(
    ("groups", "cores", "quota"), [row[1:] for row in QUOTAS], ids=[row[0] for row in QUOTAS]
)
def test_the_tightest_quota_counts(groups: Cgroup, cores: int, quota: float | None, place: Path) -> None:
    found = cpu.probe(limited(place, groups))
    assert found.cores == cores
    assert found.processor is not None
    assert found.processor.quota == quota


@pytest.mark.parametrize(
    ("allowed", "cores", "physical", "nodes"),
    [
        ("0-3", 4, 4, {0: (0, 1, 2, 3)}),
        ("0,96", 2, 1, {0: (0, 96)}),
        ("47-48", 2, 2, {0: (47,), 1: (48,)}),
        ("191", 1, 1, {1: (191,)}),
    ],
    ids=["four of the first node", "two threads of one core", "one of each node", "the last"],
)
def test_the_cpuset_limits(
    allowed: str, cores: int, physical: int, nodes: dict[int, tuple[int, ...]], place: Path
) -> None:
    found = cpu.probe(limited(place, Cgroup(), allowed))
    assert found.processor is not None
    assert (found.cores, found.processor.physical_cores, found.processor.node_cpus) == (cores, physical, 192)
    assert {node.number: node.cpus for node in found.processor.numa_nodes} == nodes


def test_a_quota_below_the_cpuset_counts_and_the_cpuset_stays_known(place: Path) -> None:
    groups = Cgroup(2, "/", (Group(quota_us=200_000, cpus="8-15"),))
    found = cpu.probe(limited(place, groups, "8-15"))
    assert found.processor is not None
    assert (found.cores, found.processor.cpus) == (2, tuple(range(8, 16)))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("groups", "limit_gib", "free_gib"),
    [
        ((Group(memory_max=64 * GIB, memory_current=10 * GIB, inactive_file=2 * GIB),), 64, 56),
        (
            (
                Group("a", memory_max=32 * GIB, memory_current=30 * GIB, inactive_file=0),
                Group("a/b", memory_max=64 * GIB, memory_current=10 * GIB, inactive_file=0),
            ),
            *(32, 2),
        ),
    ],
    ids=["one group", "the parent is tighter"],
)
def test_the_tightest_memory_limit_counts(
    groups: tuple[Group, ...], limit_gib: int, free_gib: int, version: int, place: Path
) -> None:
    found = cpu.probe(limited(place, Cgroup(version, f"/{groups[-1].folder}", groups)))
    assert (found.memory_bytes, found.free_bytes) == (limit_gib * GIB, free_gib * GIB)


@pytest.mark.parametrize("content", ["", "garbage", "0:", "::", "0::../../../etc", "0::/a\0b", "5:cpu:"])
def test_a_garbled_group_is_the_mounts(content: str, place: Path) -> None:
    root = limited(place, Cgroup(2, "/", (Group(quota_us=400_000),)))
    (root / "proc/self/cgroup").write_text(content)
    assert cgroup.cpu_quota(root) == 4.0


def test_the_limit_of_processes(place: Path) -> None:
    root = limited(place, Cgroup(2, "/", (Group(),)))
    assert cgroup.process_limit(root) is None
    (root / "sys/fs/cgroup/pids.max").write_text("512\n")
    assert cgroup.process_limit(root) == 512


def test_an_empty_root_has_the_cores_of_this_process(tmp_path: Path) -> None:
    found = cpu.probe(tmp_path)
    assert found.cores == len(os.sched_getaffinity(0))
    assert (found.memory_bytes, found.free_bytes, found.name, found.model) == (None, None, "CPU", "CPU")


def test_this_machine() -> None:
    here = cpu.probe()
    assert here.memory_bytes
    inner = here.processor
    assert inner is not None
    assert inner.node_cpus
    assert 1 <= here.cores <= inner.node_cpus
    assert set(inner.cpus) == os.sched_getaffinity(0)


@pytest.mark.parametrize(
    ("listed", "numbers"),
    [
        ("0-3,8,10-11", (0, 1, 2, 3, 8, 10, 11)),
        ("5", (5,)),
        ("", ()),
        (" 1 , 3", (1, 3)),
        ("3-1", ()),
        ("a-b,2", (2,)),
        ("0-99999999999", ()),
        ("1-65536", ()),
        ("²", ()),
        ("2,1,2", (1, 2)),
    ],
)
def test_lists_of_cpus(listed: str, numbers: tuple[int, ...]) -> None:
    assert parse(listed) == numbers


@pytest.mark.parametrize(("numbers", "listed"), [((), ""), ((3,), "3"), ((3, 1, 2, 8), "1-3,8")])
def test_lists_are_written_as_the_kernel_does(numbers: tuple[int, ...], listed: str) -> None:
    assert written(numbers) == listed
