"""The accelerator that the user says there is."""

from __future__ import annotations

import pytest

from aim_runtime.errors import AimError, HardwareError, InvalidValue
from aim_runtime.hardware.accelerator import Gpu
from aim_runtime.hardware.declared import declare, part_named
from aim_runtime.hardware.device import Part
from aim_runtime.hardware.devices import MIB, parts
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
        ("AMD Instinct MI250", "MI250X"),
        ("AMD Instinct MI250X / MI250", "MI250X"),
        ("MI300X HF", "MI300X"),
        ("strix halo", "STRIX_HALO"),
        ("AMD Radeon 8050S", "STRIX_HALO"),
        ("RX 6900 XT", "RX6900"),
        ("RX 6800 XT", "RX6800"),
        ("1002:74a1", "MI300X"),
        ("10DE:2330", "H100"),
        ("2335", "H200"),
        ("H100", "H100"),
        ("NVIDIA L40S", "L40S"),
        ("Tesla T4", "T4"),
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("Tesla V100-SXM2-32GB", "V100"),
        ("A100", "A100"),  # and these are hexadecimal, but no ids
        ("b200", "B200"),
    ],
)
def test_name_or_pci_id(text: str, model: str) -> None:
    assert part_named(text).model == model


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("MI300", InvalidValue, "AIM_ACCELERATOR_MODEL=MI300 is not a known accelerator; did you mean MI300"),
        ("MI325", InvalidValue, "did you mean MI325X?"),
        ("AMD Instinct MI325", InvalidValue, "did you mean MI325X?"),
        ("GRE", InvalidValue, "AIM_ACCELERATOR_MODEL=GRE is not a known accelerator"),
        ("AMD", InvalidValue, "AIM_ACCELERATOR_MODEL=AMD is not a known accelerator"),
        ("H1000", InvalidValue, "AIM_ACCELERATOR_MODEL=H1000 is not a known accelerator; did you mean H100?"),
        ("10de:74a1", HardwareError, "no accelerator with this PCI id is known"),
        ("beef", InvalidValue, "AIM_ACCELERATOR_MODEL=beef is not a known accelerator"),
        ("0x164e", HardwareError, "AIM_ACCELERATOR_MODEL=0x164e: AMD Radeon 610M is integrated graphics"),
        ("1002:150E", HardwareError, "AMD Radeon 890M / 880M is integrated graphics"),
        ("10de:164e", HardwareError, "no accelerator with this PCI id is known"),
        ("8086:74a1", InvalidValue, "AIM_ACCELERATOR_MODEL=8086:74a1 is not a known accelerator"),
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
        ("1002:7449", 48, "AMD Radeon PRO W7800 48GB"),
        ("AMD Radeon PRO W7800 48GB", 48, "AMD Radeon PRO W7800 48GB"),
        ("W7800", 32, "AMD Radeon PRO W7800"),
        ("RX 7900 XTX", 24, "AMD Radeon RX 7900 XTX"),
        ("AMD Radeon RX 7900 XT", 20, "AMD Radeon RX 7900 XT"),
        ("Radeon RX 9070 GRE", 12, "AMD Radeon RX 9070 GRE"),
        ("10de:20b0", 40, "NVIDIA A100-SXM4-40GB"),
        ("NVIDIA A100-PCIE-40GB", 40, "NVIDIA A100-PCIE-40GB"),
        ("A100", 80, "NVIDIA A100"),
        ("H100 NVL", 94, "NVIDIA H100 NVL"),
    ],
)
def test_an_id_or_a_name_of_a_variant_takes_its_memory(text: str, gib: float, name: str) -> None:
    (gpu, *_) = declare(text, 1, 0)
    assert gpu.memory_bytes == pytest.approx(gib * 1024**3, rel=0.03)
    assert gpu.name == name


@pytest.mark.parametrize("part", [pytest.param(part, id=part.name) for part in parts()])
def test_every_name_of_the_table_can_be_declared(part: Part) -> None:
    found = part_named(part.name)
    assert (found.model, found.name, found.memory_mib) == (part.model, part.name, part.memory_mib)


@pytest.mark.parametrize("text", ["AMD Instinct MI300X", "mi300x", "MI300X HF", "0x74a9"])
def test_what_has_a_host_and_a_guest_form_is_declared_as_the_hosts(text: str) -> None:
    assert not part_named(text).virtual


def test_what_is_declared_has_its_vendor_and_architecture_and_no_place() -> None:
    (gpu,) = declare("0x74b5", 1, 0)
    assert gpu.gpu == Gpu(Vendor.AMD, "gfx942", virtual=True)
    (gpu,) = declare("H100", 1, 0)
    assert gpu.gpu == Gpu(Vendor.NVIDIA, "sm_90")
