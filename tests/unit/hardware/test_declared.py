"""The accelerator that the user says there is."""

from __future__ import annotations

import pytest

from aim_runtime.errors import AimError, HardwareError, InvalidValue
from aim_runtime.hardware.accelerator import Gpu
from aim_runtime.hardware.declared import declare, part_named
from aim_runtime.hardware.devices import MIB
from aim_runtime.vocabulary import AcceleratorType, Vendor


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("MI300X", "MI300X"),
        ("mi300x", "MI300X"),
        ("0x74a1", "MI300X"),
        ("74A1", "MI300X"),
        ("0X74B5", "MI300X"),
        ("0x74a5", "MI325X"),
        ("740c", "MI250X"),
        ("V620", "V620"),  # four characters like an id, but not hexadecimal
        ("strix_halo", "STRIX_HALO"),
        ("AMD Instinct MI300X", "MI300X"),
        ("instinct mi300x", "MI300X"),
        ("AMD MI325X", "MI325X"),
        ("AMD Radeon PRO W7900", "W7900"),
        ("Radeon AI PRO R9700", "R9700"),
        ("RX 7900", "RX7900"),
        ("Radeon RX 9070", "RX9070"),
        ("1002:74a1", "MI300X"),
        ("10DE:2330", "H100"),
        ("2335", "H200"),
        ("H100", "H100"),
        ("NVIDIA L40S", "L40S"),
        ("Tesla T4", "T4"),
    ],
)
def test_name_or_pci_id(text: str, model: str) -> None:
    assert part_named(text).model == model


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("MI300", InvalidValue, "AIM_ACCELERATOR_MODEL=MI300 is not a known accelerator; did you mean MI300"),
        ("MI325", InvalidValue, "did you mean MI325X?"),
        ("H1000", InvalidValue, "AIM_ACCELERATOR_MODEL=H1000 is not a known accelerator; did you mean H100?"),
        ("10de:74a1", HardwareError, "no accelerator with this PCI id is known"),
        ("beef", InvalidValue, "AIM_ACCELERATOR_MODEL=beef is not a known accelerator"),
        ("0x1234", HardwareError, "AIM_ACCELERATOR_MODEL=0x1234: no accelerator with this PCI id is known"),
    ],
)
def test_unknown_is_refused(text: str, kind: type[AimError], reason: str) -> None:
    with pytest.raises(kind) as caught:
        part_named(text)
    assert reason in caught.value.message
    assert "MI300X" in caught.value.hint


@pytest.mark.parametrize(
    ("count", "seen", "expected"),
    [(None, 0, 8), (None, 4, 4), (2, 0, 2), (16, 0, 16)],
    ids=["a whole server", "as many as a probe saw", "as many as was said", "more than a server has"],
)
def test_how_many(count: int | None, seen: int, expected: int) -> None:
    gpus = declare("mi300x", count, seen)
    assert [gpu.index for gpu in gpus] == list(range(expected))
    assert {(gpu.type, gpu.model, gpu.memory_bytes) for gpu in gpus} == {
        (AcceleratorType.GPU, "MI300X", 196592 * MIB)
    }


def test_a_desktop_card_is_one_and_shared_memory_is_unknown() -> None:
    assert len(declare("RX7900", None, 0)) == 1
    assert declare("STRIX_HALO", None, 0)[0].memory_bytes is None


@pytest.mark.parametrize(
    ("text", "gib", "name"),
    [
        ("0x7449", 48, "AMD Radeon PRO W7800 48GB"),
        ("W7800", 32, "AMD Radeon PRO W7800"),
        ("10de:20b0", 40, "NVIDIA A100-SXM4-40GB"),
        ("A100", 80, "NVIDIA A100"),
    ],
)
def test_an_id_that_names_a_variant_takes_its_memory(text: str, gib: float, name: str) -> None:
    (gpu, *_) = declare(text, 1, 0)
    assert gpu.memory_bytes == pytest.approx(gib * 1024**3, rel=0.03)
    assert gpu.name == name


def test_what_is_declared_has_its_vendor_and_architecture_and_no_place() -> None:
    (gpu,) = declare("0x74b5", 1, 0)
    assert gpu.gpu == Gpu(Vendor.AMD, "gfx942", virtual=True)
    (gpu,) = declare("H100", 1, 0)
    assert gpu.gpu == Gpu(Vendor.NVIDIA, "sm_90")
