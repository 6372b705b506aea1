"""The table of what hangs on the machine: each row, who wins over it, and its reason."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aim_runtime.engines.launch import Layer
from aim_runtime.engines.vllm_environment import Environment, Machine, environment
from aim_runtime.hardware.accelerator import Accelerator, Gpu, NumaNode, Processor
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Vendor
from unit.profiles.build import profile

TWO_NODES = Processor(numa_nodes=(NumaNode(0, (0, 1)), NumaNode(1, (2, 3))))


def gpus(count: int = 1, *, gfx: str = "gfx942", firmware: int | None = 177, numa: int | None = 0) -> Machine:
    devices = (
        Accelerator(
            *(AcceleratorType.GPU, index, "MI300X", "x", None),
            gpu=Gpu(Vendor.AMD, gfx, firmware=firmware, numa_node=numa),
        )
        for index in range(count)
    )
    return Machine(tuple(devices), False, TWO_NODES)


def cpu(cores: int, physical: int, quota: float | None = None) -> Machine:
    processor = Processor(cpus=tuple(range(2 * physical)), physical_cores=physical, quota=quota)
    device = Accelerator(AcceleratorType.CPU, 0, "CPU", "x", None, cores, processor=processor)
    return Machine((device,), False, processor)


def around(machine: Machine, env: Mapping[str, str], **theirs: str) -> Environment:
    given = profile("CPU/bf16/1" if machine.on_cpu else "MI300X/fp16/1", env=dict(env))
    return environment(given, machine, Settings(engine_environment=theirs))


AITER, ARCHS, SCRATCH, CHANNELS, REDUCE, BIND, THREADS = (
    *("VLLM_ROCM_USE_AITER", "GPU_ARCHS", "HSA_NO_SCRATCH_RECLAIM", "NCCL_MIN_NCHANNELS"),
    *("VLLM_ROCM_QUICK_REDUCE_QUANTIZATION", "VLLM_CPU_OMP_THREADS_BIND", "OMP_NUM_THREADS"),
)
# Row, machine, the profile's value, what becomes of it, a part of the reason (empty: it stands).
ROWS: list[tuple[str, Machine, str | None, str | None, str]] = [
    (AITER, gpus(gfx="gfx942"), "1", "1", ""),
    (AITER, gpus(gfx="gfx950"), "1", "1", ""),
    (AITER, gpus(gfx="gfx90a"), "1", "0", "no kernels for gfx90a"),
    (AITER, gpus(gfx="gfx1201"), "1", "0", "no kernels for gfx1201"),
    (AITER, gpus(gfx="gfx942"), "0", "0", ""),
    (AITER, gpus(gfx="gfx90a"), None, None, ""),
    (AITER, gpus(gfx=""), "1", "1", ""),
    (ARCHS, gpus(gfx="gfx950"), "gfx942", "gfx950", "gfx950 here"),
    (ARCHS, gpus(gfx="gfx942"), "gfx942", "gfx942", ""),
    (ARCHS, gpus(gfx="gfx950"), None, None, ""),
    (SCRATCH, gpus(firmware=176), None, "1", "176, older than 177"),
    (SCRATCH, gpus(firmware=176), "1", "1", ""),
    (SCRATCH, gpus(firmware=177), "1", None, "177: needed only below 177"),
    (SCRATCH, gpus(firmware=177), None, None, ""),
    (SCRATCH, gpus(firmware=None), "1", "1", ""),
    (SCRATCH, gpus(firmware=41, gfx="gfx950"), None, None, ""),
    (SCRATCH, gpus(firmware=41, gfx="gfx950"), "1", "1", ""),
    (CHANNELS, gpus(1), "112", None, "takes more than one GPU"),
    (CHANNELS, gpus(2), "112", "112", ""),
    (CHANNELS, gpus(1), None, None, ""),
    (REDUCE, gpus(1), "INT4", None, "takes more than one GPU"),
    (REDUCE, gpus(8), "INT4", "INT4", ""),
    (BIND, cpu(4, 96, 4.0), "auto", "nobind", "time of 4 of 96 cores"),
    (BIND, cpu(4, 96, 4.5), None, "nobind", "time of 4.5 of 96 cores"),
    (BIND, cpu(4, 96, 4.0), "0-3", "0-3", ""),
    (BIND, cpu(96, 96), "auto", "auto", ""),
    (BIND, cpu(192, 96, 100.0), "auto", "auto", ""),
    (THREADS, cpu(4, 96, 4.0), "128", "4", "grants: 4"),
    (THREADS, cpu(4, 96, 4.0), None, "4", "grants: 4"),
    (THREADS, cpu(64, 64), "128", "64", "64 cores"),
    (THREADS, cpu(128, 128), "96", "96", ""),
    (THREADS, cpu(64, 64), None, None, ""),
    (THREADS, gpus(), "8", "8", ""),
]


@pytest.mark.parametrize(
    ("name", "machine", "given", "expected", "reason"),
    ROWS,
    ids=[f"{row[0]}-{index}" for index, row in enumerate(ROWS)],
)
def test_rows(name: str, machine: Machine, given: str | None, expected: str | None, reason: str) -> None:
    found = {each.name: each for each in around(machine, {name: given} if given else {}).variables}
    value = found[name].value if name in found else None
    assert value == expected
    if reason:
        assert (found[name].layer, reason in found[name].reason) == (Layer.MACHINE, True)
    elif given:
        assert (found[name].layer, found[name].reason) == (Layer.PROFILE, "")


def test_the_oldest_firmware_counts() -> None:
    new, old = gpus(firmware=180).uses, gpus(firmware=150).uses
    machine = Machine((*new, *old), False, None)
    assert machine.firmware == 150
    assert Machine((*new, *gpus(firmware=None).uses), False, None).firmware is None


def test_the_user_wins_over_the_machine_and_it_is_said() -> None:
    found = around(gpus(), {CHANNELS: "112"}, NCCL_MIN_NCHANNELS="64")
    (variable,) = [each for each in found.variables if each.name == CHANNELS]
    assert (variable.value, variable.layer) == ("64", Layer.ENVIRONMENT)
    assert found.notes == ("NCCL_MIN_NCHANNELS=64 of the environment replaces nothing, the plan's value",)


def test_the_plan_wins_over_the_user_in_which_devices_are_seen() -> None:
    machine = Machine(gpus(2).uses[:1], True, None)
    found = around(machine, {}, HIP_VISIBLE_DEVICES="0,1")
    value = {each.name: each.value for each in found.variables}
    assert value["HIP_VISIBLE_DEVICES"] == "0"
    assert found.notes == (
        "HIP_VISIBLE_DEVICES=0,1 of the environment becomes 0 for the engine: the GPUs that the plan uses",
    )


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (gpus(2, numa=1), 1),
        (gpus(2, numa=None), None),
        (gpus(2, numa=7), None),
        (Machine((*gpus(numa=0).uses, *gpus(numa=1).uses), False, TWO_NODES), None),
        (Machine(gpus(2, numa=0).uses, False, Processor(numa_nodes=(NumaNode(0, (0, 1)),))), None),
        (Machine(gpus(2, numa=0).uses, False, None), None),
        (cpu(4, 4), None),
    ],
    ids=[
        *("one node of two", "not known", "a node without CPUs of ours", "two nodes"),
        *("the machine has one", "no processor", "cpu"),
    ],
)
def test_the_engine_runs_near_its_gpus(machine: Machine, expected: int | None) -> None:
    found = around(machine, {}).numa_node
    assert (found.number if found else None) == expected


def test_every_variable_is_there_once_and_in_order() -> None:
    names = [each.name for each in around(gpus(), {SCRATCH: "1", CHANNELS: "112"}).variables]
    assert names == sorted(set(names))
