"""The one table of accelerators, held against the published ids, row by row."""

from __future__ import annotations

import pytest

from aim_runtime.hardware.devices import (
    AMD_VENDOR_ID,
    BY_MODEL,
    BY_PCI_ID,
    DEVICES,
    NVIDIA_VENDOR_ID,
    integrated_name,
    look_up,
)
from aim_runtime.hardware.radeon import INTEGRATED
from aim_runtime.vocabulary import Precision, Vendor

# AMD's PCI ids: model, and whether it is a virtual function (the GPU operator's node rules, pci.ids).
IDS = """
738c MI100, 738e MI100, 7388 MI100, 740f MI210, 7410 MI210 VF, 7408 MI250X, 740c MI250X,
74a0 MI300A, 74a1 MI300X, 74a9 MI300X, 74b5 MI300X VF, 74bd MI300X VF, 74a2 MI308X, 74a8 MI308X,
74b6 MI308X VF, 74bc MI308X VF, 74a5 MI325X, 74b9 MI325X VF, 75a0 MI350X, 75b0 MI350X VF,
75a3 MI355X, 75b3 MI355X VF, 75a8 MI350P, 75b8 MI350P VF, 7460 V710, 7461 V710 VF, 7448 W7900,
744a W7900, 744b W7900, 745e W7800, 7449 W7800, 73a2 W6900X, 73a3 W6800, 73ab W6800X, 73a1 V620,
73ae V620 VF, 7550 RX9070, 7590 RX9060, 7551 R9700, 744c RX7900, 73af RX6900, 73a5 RX6900,
73bf RX6800, 1586 STRIX_HALO
"""
ROWS = [
    (int(pci_id, 16), model, bool(virtual))
    for pci_id, model, *virtual in (text.split() for text in IDS.replace("\n", "").split(","))
]


@pytest.mark.parametrize(("pci_id", "model", "virtual"), ROWS, ids=[f"{row[0]:04x}" for row in ROWS])
def test_every_published_id_of_amd(pci_id: int, model: str, virtual: bool) -> None:
    part = look_up(AMD_VENDOR_ID, pci_id)
    assert part is not None
    assert (part.model, part.virtual) == (model, virtual)


def test_the_table_has_no_other_ids_of_amd() -> None:
    ours = {pci_id for device in DEVICES if device.vendor is Vendor.AMD for pci_id in device.pci_ids}
    assert ours == {pci_id for pci_id, _, _ in ROWS}
    assert len(ROWS) == len(ours) == 44


# Id, revision, name, model, GiB (None: the system's memory).
REVISIONS = [
    (0x7550, 0xC0, "AMD Radeon RX 9070 XT", "RX9070", 16),
    (0x7550, 0xC2, "AMD Radeon RX 9070 GRE", "RX9070", 16),
    (0x7550, 0xC3, "AMD Radeon RX 9070", "RX9070", 16),
    (0x7590, 0xC0, "AMD Radeon RX 9060 XT", "RX9060", 16),
    (0x7590, 0xC7, "AMD Radeon RX 9060", "RX9060", 16),
    (0x7551, 0xC0, "AMD Radeon AI PRO R9700", "R9700", 32),
    (0x7551, 0xC8, "AMD Radeon AI PRO R9600D", "R9700", 32),
    (0x744C, 0xC8, "AMD Radeon RX 7900 XTX", "RX7900", 24),
    (0x744C, 0xCC, "AMD Radeon RX 7900 XT", "RX7900", 20),
    (0x744C, 0xCE, "AMD Radeon RX 7900 GRE", "RX7900", 16),
    (0x744C, 0xCF, "AMD Radeon RX 7900M", "RX7900", 16),
    (0x73BF, 0xC0, "AMD Radeon RX 6900 XT", "RX6900", 16),
    (0x73BF, 0xC1, "AMD Radeon RX 6800 XT", "RX6800", 16),
    (0x73BF, 0xC3, "AMD Radeon RX 6800", "RX6800", 16),
    (0x73AF, 0xC0, "AMD Radeon RX 6900 XT", "RX6900", 16),
    (0x73A5, None, "AMD Radeon RX 6950 XT", "RX6900", 16),
    (0x7449, None, "AMD Radeon PRO W7800 48GB", "W7800", 48),
    (0x745E, None, "AMD Radeon PRO W7800", "W7800", 32),
    (0x1586, 0xC1, "AMD Radeon 8060S", "STRIX_HALO", None),
    (0x1586, 0xD4, "AMD Radeon 8050S", "STRIX_HALO", None),
    (0x1586, 0xD5, "AMD Radeon 8040S", "STRIX_HALO", None),
    (0x74A1, 0x00, "AMD Instinct MI300X", "MI300X", 192),
    (0x744C, 0x99, "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "RX7900", 24),
    (0x744C, None, "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "RX7900", 24),
]


@pytest.mark.parametrize(("pci_id", "revision", "name", "model", "gib"), REVISIONS)
def test_the_revision_decides_where_an_id_is_several_things(
    pci_id: int, revision: int | None, name: str, model: str, gib: float | None
) -> None:
    part = look_up(AMD_VENDOR_ID, pci_id, revision)
    assert part is not None
    assert (part.name, part.model) == (name, model)
    size = None if part.memory_mib is None else part.memory_mib / 1024
    assert size == (None if gib is None else pytest.approx(gib, rel=0.01))


@pytest.mark.parametrize(
    ("pci_id", "model", "architecture", "gib"),
    [
        (0x2330, "H100", "sm_90", 80),
        (0x2321, "H100", "sm_90", 94),
        (0x2335, "H200", "sm_90", 141),
        (0x20B2, "A100", "sm_80", 80),
        (0x20B0, "A100", "sm_80", 40),
        (0x26B9, "L40S", "sm_89", 48),
        (0x2901, "B200", "sm_100", 180),
        (0x1EB8, "T4", "sm_75", 15),
        (0x1DB6, "V100", "sm_70", 32),
    ],
)
def test_nvidia(pci_id: int, model: str, architecture: str, gib: float) -> None:
    part = look_up(NVIDIA_VENDOR_ID, pci_id)
    assert part is not None
    assert (part.model, part.device.gfx, part.device.vendor) == (model, architecture, Vendor.NVIDIA)
    assert part.memory_mib == pytest.approx(gib * 1024, rel=0.01)


@pytest.mark.parametrize(
    ("vendor_id", "pci_id"),
    [(NVIDIA_VENDOR_ID, 0x74A1), (AMD_VENDOR_ID, 0x2330), (0x8086, 0x74A1), (AMD_VENDOR_ID, 0xFFFF)],
    ids=["AMD's id at NVIDIA", "NVIDIA's id at AMD", "another vendor", "no such id"],
)
def test_an_id_is_its_vendors(vendor_id: int, pci_id: int) -> None:
    assert look_up(vendor_id, pci_id) is None


def test_no_id_or_name_is_in_the_table_twice() -> None:
    ids = [pci_id for device in DEVICES for pci_id in device.pci_ids]
    names = [device.model.casefold() for device in DEVICES]
    assert len(ids) == len(set(ids)) == len(BY_PCI_ID)
    assert len(names) == len(set(names)) == len(BY_MODEL)
    assert all(device.pci_ids for device in DEVICES)


def test_figures_are_plausible_and_of_one_logical_device() -> None:
    for device in DEVICES:
        assert device.bandwidth_gb_per_s is None or 250 <= device.bandwidth_gb_per_s <= 8000, device
        assert device.memory_mib is None or 14 * 1024 <= device.memory_mib <= 300 * 1024, device
        assert Precision.FP32 in device.precisions, device
    assert BY_MODEL["MI250X"].bandwidth_gb_per_s == 1640
    assert [device.model for device in DEVICES if device.bandwidth_gb_per_s is None] == ["MI350P"]
    assert [device.model for device in DEVICES if device.memory_mib is None] == ["MI350P", "STRIX_HALO"]


@pytest.mark.parametrize(
    ("model", "has", "has_not"),
    [
        ("MI210", [Precision.BF16], [Precision.FP8, Precision.FP4]),
        ("MI300X", [Precision.FP8], [Precision.FP4]),
        ("MI355X", [Precision.FP8, Precision.FP4], []),
        ("W7900", [Precision.BF16, Precision.INT4], [Precision.FP8]),
        ("R9700", [Precision.FP8], [Precision.FP4]),
        ("RX6800", [Precision.FP16], [Precision.BF16]),
        ("A100", [Precision.BF16], [Precision.FP8]),
        ("H100", [Precision.FP8], [Precision.FP4]),
        ("B200", [Precision.FP4], []),
    ],
)
def test_precisions(model: str, has: list[Precision], has_not: list[Precision]) -> None:
    native = BY_MODEL[model].precisions
    assert set(has) <= set(native)
    assert not set(has_not) & set(native)


@pytest.mark.parametrize(
    ("model", "modes"),
    [
        ("MI300X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI308X", {"SPX": 1, "DPX": 2, "CPX": 4}),
        ("MI300A", {"SPX": 1, "TPX": 3, "CPX": 6}),
        ("MI355X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI250X", {}),
        ("W7900", {}),
    ],
)
def test_partition_modes(model: str, modes: dict[str, int]) -> None:
    assert dict(BY_MODEL[model].partitions) == modes


def test_only_mi250x_comes_as_two_devices_a_board() -> None:
    assert [device.model for device in DEVICES if device.logical_per_board > 1] == ["MI250X"]


def test_integrated_graphics_are_known_and_no_accelerators_but_one() -> None:
    assert integrated_name(0x164E) == "AMD Radeon 610M"
    assert integrated_name(0x74A1) is None
    assert {BY_PCI_ID[pci_id].model for pci_id in INTEGRATED if pci_id in BY_PCI_ID} == {"STRIX_HALO"}
