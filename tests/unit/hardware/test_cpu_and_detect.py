"""The CPU under its limits, and which probe is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.errors import InvalidValue
from aim_runtime.hardware import PROBES, Probe, cpu, declared, detect, kfd
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.vocabulary import AcceleratorType
from unit.hardware.kfd_tree import mi300x_server, write_tree

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


def gpus(count: int, model: str = "MI300X") -> tuple[Accelerator, ...]:
    return tuple(Accelerator(AcceleratorType.GPU, index, model, model, None) for index in range(count))


def probes(*answers: tuple[Accelerator, ...] | None) -> tuple[tuple[str, Probe], ...]:
    """Probes in order, each giving its answer."""
    return tuple((f"probe {number}", lambda answer=answer: answer) for number, answer in enumerate(answers))


@pytest.mark.parametrize(
    ("answers", "source", "count"),
    [
        ((gpus(8), gpus(4)), "probe 0", 8),
        ((None, gpus(4)), "probe 1", 4),
        (((), gpus(4)), "probe 1", 4),
        ((None, ()), cpu.SOURCE, 0),
        ((), cpu.SOURCE, 0),
    ],
    ids=["the first", "the next where one cannot look", "the next where one sees none", "none", "no probes"],
)
def test_probes_are_asked_in_order(
    answers: tuple[tuple[Accelerator, ...] | None, ...], source: str, count: int
) -> None:
    found = detect(None, None, None, probes(*answers))
    assert (found.source, len(found.gpus)) == (source, count)
    assert found.cpu.model == "CPU"


@pytest.mark.parametrize(("type_", "model"), [(AcceleratorType.CPU, None), (None, "CPU"), (None, "cpu")])
def test_the_cpu_may_be_asked_for(type_: AcceleratorType | None, model: str | None) -> None:
    found = detect(type_, model, None, probes(gpus(8)))
    assert (found.gpus, found.source) == ((), declared.SOURCE if model else cpu.SOURCE)


def test_a_kind_of_cpu_may_be_declared() -> None:
    found = detect(None, "epyc_zen5", None, probes(gpus(8)))
    assert (found.gpus, found.source) == ((), declared.SOURCE)
    assert found.cpu.models == ("EPYC_ZEN5", "CPU")


@pytest.mark.parametrize(
    ("count", "answer", "expected"),
    [(None, gpus(4, "MI325X"), 4), (2, gpus(4), 2), (None, None, 8)],
    ids=["the probe counts", "the user counts", "nobody counts"],
)
def test_a_declared_model_is_believed(
    count: int | None, answer: tuple[Accelerator, ...] | None, expected: int
) -> None:
    found = detect(None, "MI300X", count, probes(answer))
    assert [gpu.model for gpu in found.gpus] == ["MI300X"] * expected
    assert found.source == "declared by AIM_ACCELERATOR_MODEL"


def test_a_declared_model_must_be_known() -> None:
    with pytest.raises(InvalidValue, match="did you mean MI300X"):
        detect(AcceleratorType.GPU, "MI300XX", None, probes())


def test_gpus_of_one_model_keep_their_order(tmp_path: Path) -> None:
    nodes = write_tree(tmp_path, mi300x_server())
    found = detect(None, None, None, ((kfd.SOURCE, lambda: kfd.probe(nodes)),))
    assert [gpu.index for gpu in found.gpus_of("MI300X")] == list(range(8))
    assert found.gpus_of("MI325X") == ()
    assert found.source == "the amdgpu driver (KFD topology)"


def test_the_driver_is_the_first_probe() -> None:
    assert PROBES[0] == (kfd.SOURCE, kfd.probe)


@pytest.mark.parametrize("type_", [None, AcceleratorType.CPU, AcceleratorType.GPU])
def test_a_kind_that_is_not_known_is_refused_with_the_nearest(type_: AcceleratorType | None) -> None:
    with pytest.raises(InvalidValue, match="did you mean EPYC_ZEN5") as error:
        detect(type_, "EPYC_ZEN6", None, probes=())
    assert "EPYC_9965" in error.value.hint
