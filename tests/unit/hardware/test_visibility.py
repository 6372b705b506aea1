"""The variables that hide devices, by the exact rules of the GPU runtimes."""

from __future__ import annotations

import pytest

from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.visibility import settings_for, view
from aim_runtime.vocabulary import AcceleratorType, Vendor

# The first 16 digits of four boards of a real server; two begin alike.
IDS = ("e3aa140f9a5f9e31", "2250f807caf2231a", "d802d560d4ba851d", "d8aa757a01276547")
ROCR, HIP, CUDA = "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"


def four(vendor: Vendor = Vendor.AMD) -> tuple[Accelerator, ...]:
    return tuple(
        Accelerator(AcceleratorType.GPU, n, "X", str(n), None, gpu=Gpu(vendor, unique_id=unique_id))
        for n, unique_id in enumerate(IDS)
    )


def seen(vendor: Vendor = Vendor.AMD, **environment: str) -> tuple[list[int], list[int]]:
    """The devices that stay, by their place among all, and their numbers for the last variable."""
    found = view(four(vendor), environment)
    return [int(gpu.name) for gpu in found.visible], [gpu.index for gpu in found.visible]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0,1", [0, 1]),
        ("3,1", [3, 1]),
        (" 2 , 0 ", [2, 0]),
        ("0x2", [2]),
        ("03", [3]),
        ("", []),
        ("-1", []),
        ("0,-1,2", [0]),
        ("1,7,2", [1]),
        ("1,1,2", [1]),
        ("2,x,0", [2]),
        ("2x", []),
        ("0,1,2,3,0", [0, 1, 2, 3]),
        ("3,2,1,0,9", [3, 2, 1, 0]),
        ("GPU-e3aa140f9a5f9e31", [0]),
        ("gpu-E3", [0]),
        ("GPU-2,0", [1, 0]),
        ("GPU-d8", []),
        ("GPU-d80,GPU-d8a", [2, 3]),
        ("GPU-", []),
        ("GPU-ffff,0", []),
        ("GPU-2250f807caf2231a,1", [1]),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_rocr(value: str, expected: list[int]) -> None:
    """Order is kept and renumbers; the first token that is bad, ambiguous or there already ends the list."""
    assert seen(ROCR_VISIBLE_DEVICES=value) == (expected, list(range(len(expected))))


@pytest.mark.parametrize("name", [HIP, CUDA])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0,1", [0, 1]),
        ("3,1", [3, 1]),
        ("", [0, 1, 2, 3]),
        ("-1", []),
        ("0,-1,2", [0]),
        ("2,9,1", [2]),
        ("1,1,2", [1, 2]),
        ("0, 1", [0]),
        ("01", []),
        ("0x1", []),
        ("GPU-2250f807caf2231a", [1]),
        ("GPU-d8", []),
        (",1", []),
    ],
    ids=lambda value: repr(value) if isinstance(value, str) else "",
)
def test_hip_and_cuda_in_its_place(name: str, value: str, expected: list[int]) -> None:
    """A bad token drops itself and all to its right, one that is there already is passed over."""
    assert seen(**{name: value}) == (expected, expected)


@pytest.mark.parametrize(
    ("environment", "expected", "numbers"),
    [
        ({ROCR: "2,3", HIP: "0,1"}, [2, 3], [0, 1]),
        ({ROCR: "2,3", HIP: "1"}, [3], [1]),
        ({ROCR: "2,3", HIP: "2"}, [], []),
        ({ROCR: "3,2", CUDA: "0"}, [3], [0]),
        ({HIP: "1", CUDA: "2"}, [1], [1]),
        ({HIP: "", CUDA: "2"}, [2], [2]),
        ({HIP: "2", CUDA: ""}, [2], [2]),
        ({ROCR: "", HIP: "0"}, [], []),
        ({}, [0, 1, 2, 3], [0, 1, 2, 3]),
    ],
)
def test_hip_counts_in_what_rocr_left(
    environment: dict[str, str], expected: list[int], numbers: list[int]
) -> None:
    assert seen(**environment) == (expected, numbers)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({CUDA: "1,0"}, [1, 0]),
        ({CUDA: " 1, 0"}, [1, 0]),
        ({CUDA: ""}, []),
        ({CUDA: "-1"}, []),
        ({CUDA: "0,5,1"}, [0]),
        ({CUDA: "GPU-2250"}, [1]),
        ({HIP: "1", ROCR: "2"}, [0, 1, 2, 3]),
    ],
)
def test_nvidia_reads_its_own_variable_only(environment: dict[str, str], expected: list[int]) -> None:
    assert seen(Vendor.NVIDIA, **environment)[0] == expected


def test_what_is_hidden_is_named_with_the_variable() -> None:
    found = view(four(), {ROCR: "1,2,3", HIP: "2"})
    assert [(each.device.name, each.by) for each in found.hidden] == [
        ("0", "ROCR_VISIBLE_DEVICES=1,2,3"),
        ("1", "HIP_VISIBLE_DEVICES=2"),
        ("2", "HIP_VISIBLE_DEVICES=2"),
    ]


def test_without_devices_nothing_is_hidden() -> None:
    assert view((), {HIP: "0"}).visible == ()


@pytest.mark.parametrize(
    ("environment", "uses", "expected"),
    [
        ({}, [0, 1, 2, 3], {}),
        ({}, [1, 3], {HIP: "1,3"}),
        ({ROCR: "2,3"}, [0, 1], {}),
        ({ROCR: "2,3"}, [1], {HIP: "1"}),
        ({HIP: "2,3"}, [0, 1], {}),
        ({HIP: "3,2"}, [0], {HIP: "3"}),
        ({CUDA: "2,3"}, [1], {HIP: "3", CUDA: "3"}),
        ({HIP: "2,3", CUDA: "2,3"}, [1], {HIP: "3", CUDA: "3"}),
        ({HIP: "2,3", CUDA: "0"}, [0, 1], {HIP: "2,3", CUDA: "2,3"}),
        ({HIP: "", CUDA: "1,2"}, [0, 1], {}),
    ],
    ids=[
        *("all", "some", "all that ROCR left", "one of what ROCR left", "all that HIP left"),
        *("one of what HIP left", "CUDA's too", "both", "two that differ", "an empty one is none"),
    ],
)
def test_the_engine_sees_exactly_what_the_plan_uses(
    environment: dict[str, str], uses: list[int], expected: dict[str, str]
) -> None:
    """The variables are read back by the same rules: what they leave is what was to be used."""
    visible = view(four(), environment).visible
    used = [visible[index] for index in uses]
    set_ = settings_for(used, visible, environment)
    assert set_ == expected
    assert [gpu.name for gpu in view(four(), {**environment, **set_}).visible] == [gpu.name for gpu in used]


def test_nvidia_numbers_are_those_of_the_bus() -> None:
    gpus = four(Vendor.NVIDIA)
    assert settings_for(gpus[1:3], gpus, {}) == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", CUDA: "1,2"}
    assert settings_for(gpus, gpus, {}) == {}


def test_a_cpu_and_nothing_hide_nothing() -> None:
    cpu = Accelerator(AcceleratorType.CPU, 0, "CPU", "CPU", None)
    assert settings_for([cpu], [*four()], {}) == {}
    assert settings_for([], four(), {}) == {}
