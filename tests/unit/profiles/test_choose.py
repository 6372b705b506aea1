"""Which devices a profile gets, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aim_runtime.hardware.accelerator import Accelerator, Gpu, Hardware, Partition
from aim_runtime.profiles.choose import candidates, choose
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Origin, Vendor
from unit.profiles.build import AIM, CPU, GIB, catalog, profile
from unit.profiles.build import choose as select

TAKES_MOST = Demand(0.9, 1, 16, 2, 8192, 8192, 256, 8192, 0, 0, 0)


def gpu(
    index: int,
    *,
    model: str | None = "MI300X",
    memory_gib: float = 192,
    free_gib: float | None = None,
    numa: int | None = None,
    busy: int = 0,
    slice_: int | None = None,
    board: str = "",
    integrated: bool = False,
) -> Accelerator:
    partition = None if slice_ is None else Partition("CPX", "NPS4", slice_)
    inner = Gpu(
        *(Vendor.AMD, "gfx942"),
        numa_node=numa,
        busy_percent=busy,
        partition=partition,
        board=board,
        integrated=integrated,
    )
    free = int((memory_gib if free_gib is None else free_gib) * GIB)
    name = model or "some GPU"
    return Accelerator(
        AcceleratorType.GPU, index, model, name, int(memory_gib * GIB), free_bytes=free, gpu=inner
    )


def numbers(devices: tuple[Accelerator, ...]) -> list[int]:
    return [device.index for device in devices]


def slices(board: int, count: int, free_gib: float = 24) -> list[Accelerator]:
    return [
        gpu(board * 8 + n, memory_gib=24, free_gib=free_gib, slice_=n, board=str(board)) for n in range(count)
    ]


CHOICES: list[tuple[str, list[Accelerator], int, list[int]]] = [
    ("the first of as many as there are", [gpu(n) for n in range(8)], 4, [0, 1, 2, 3]),
    ("idle ones", [gpu(0, free_gib=9), gpu(1), gpu(2, free_gib=9), gpu(3)], 2, [1, 3]),
    ("their order is the runtime's", [gpu(3), gpu(2), gpu(0)], 2, [3, 2]),
    ("not the ones that compute", [gpu(0, busy=99), gpu(1), gpu(2)], 2, [1, 2]),
    ("one that computes rather than a full one", [gpu(0, free_gib=9), gpu(1), gpu(2, busy=99)], 2, [1, 2]),
    (
        "of one NUMA node",
        [gpu(0, free_gib=9, numa=0), gpu(1, numa=0), gpu(2, numa=1), gpu(3, numa=1)],
        2,
        [2, 3],
    ),
    (
        "of several nodes where none has enough",
        [gpu(0, numa=0), gpu(1, numa=1), gpu(2, numa=1)],
        3,
        [0, 1, 2],
    ),
    ("of one board", [*slices(0, 1), *slices(1, 4), *slices(2, 8)], 8, list(range(16, 24))),
    (
        "of one memory size",
        [gpu(0, memory_gib=48), gpu(1, memory_gib=32), gpu(2, memory_gib=32)],
        2,
        [1, 2],
    ),
    ("the larger ones", [gpu(0, memory_gib=32), gpu(1, memory_gib=48)], 1, [1]),
    (
        "idle small ones rather than large ones in use",
        [gpu(0, memory_gib=48, free_gib=1), gpu(1, memory_gib=32)],
        1,
        [1],
    ),
    (
        "the least full where all are",
        [gpu(0, free_gib=1), gpu(1, free_gib=20), gpu(2, free_gib=9)],
        2,
        [1, 2],
    ),
    ("none where there are too few", [gpu(0)], 2, []),
    ("none where there are too few of a kind", [gpu(0, memory_gib=48), gpu(1, memory_gib=32)], 2, []),
    ("none of nothing", [], 1, []),
]


@pytest.mark.parametrize(
    ("devices", "count", "expected"), [row[1:] for row in CHOICES], ids=[row[0] for row in CHOICES]
)
def test_taken_are(devices: list[Accelerator], count: int, expected: list[int]) -> None:
    given = profile(f"MI300X/fp16/{count}")
    assert numbers(choose(given, tuple(devices), TAKES_MOST)[0]) == expected


def test_those_that_are_taken_all_the_same_and_too_full_are_named() -> None:
    uses, full = choose(profile("MI300X/fp16/2"), (gpu(0), gpu(1, free_gib=5)), TAKES_MOST)
    assert (numbers(uses), numbers(full)) == ([0, 1], [1])


def test_without_a_demand_nothing_is_too_full() -> None:
    assert choose(profile("MI300X/fp16/1"), (gpu(0, free_gib=0),), None)[1] == ()


@pytest.mark.parametrize(
    ("origin", "count"), [(Origin.MODEL, 1), (Origin.GENERAL, 9), (Origin.CUSTOM_MODEL, 9)]
)
def test_what_was_tuned_for_a_board_is_not_for_its_slices(origin: Origin, count: int) -> None:
    hardware = Hardware((*slices(0, 8), gpu(8)), CPU, "a test")
    given = replace(profile("MI300X/fp16/1"), origin=origin)
    assert len(candidates(given, hardware)) == count


def chosen(*devices: Accelerator, of: Profile | None = None, **asked: Any) -> Selection:
    settings = Settings(**{"aim_id": AIM, **asked})
    return select(catalog(of or profile("MI300X/fp16/1")), settings, Hardware(devices, CPU, "a test"))


def test_every_device_that_is_left_has_its_reason() -> None:
    found = chosen(
        gpu(0),
        gpu(1),
        gpu(2, free_gib=10),
        gpu(3, busy=80),
        gpu(4, model="MI325X", memory_gib=256),
        gpu(5, memory_gib=24, slice_=0),
        gpu(6, model=None, integrated=True),
    )
    assert numbers(found.uses) == [0]
    assert [(left.device.index, left.reason) for left in found.leaves] == [
        (1, "not needed: the profile uses 1"),
        (2, "busy: 10.0 of 192.0 GiB free"),
        (3, "busy: computes 80 % of the time"),
        (4, "the profile is for MI300X"),
        (5, "of another memory size or partition mode than the ones used"),
        (6, "integrated graphics"),
    ]


def test_integrated_graphics_do_not_keep_the_cpu_from_serving() -> None:
    found = chosen(gpu(0, model=None, integrated=True), of=profile("CPU/bf16/1"))
    assert found.uses == (CPU,)
    assert [left.reason for left in found.leaves] == ["integrated graphics"]


def test_a_gpu_is_left_for_the_cpu_only_when_the_cpu_is_asked_for() -> None:
    found = chosen(gpu(0), of=profile("CPU/bf16/1"), profile_id="vllm-cpu-bf16-tp1-latency")
    assert [left.reason for left in found.leaves] == ["the profile is for the CPU"]
