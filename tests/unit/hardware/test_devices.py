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
    parts,
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


# Id, revision, name, model, GiB (None: the system's memory), GB/s, compute units.
REVISIONS = [
    (0x738C, 0x01, "AMD Instinct MI100", "MI100", 32, 1230, 120),
    (0x738E, None, "AMD Instinct MI100", "MI100", 32, 1230, 120),
    (0x740F, 0x02, "AMD Instinct MI210", "MI210", 64, 1640, 104),
    (0x7408, 0x00, "AMD Instinct MI250X", "MI250X", 64, 1640, 110),
    (0x740C, 0x01, "AMD Instinct MI250X / MI250", "MI250X", 64, 1640, 110),
    (0x74A0, 0x00, "AMD Instinct MI300A", "MI300A", 128, 5300, 228),
    (0x74A1, 0x00, "AMD Instinct MI300X", "MI300X", 192, 5300, 304),
    (0x74A9, None, "AMD Instinct MI300X HF", "MI300X", 192, 5300, 304),
    (0x74B5, None, "AMD Instinct MI300X", "MI300X", 192, 5300, 304),
    (0x74BD, None, "AMD Instinct MI300X HF", "MI300X", 192, 5300, 304),
    (0x74A2, 0x00, "AMD Instinct MI308X", "MI308X", 192, 5300, 80),
    (0x74A8, None, "AMD Instinct MI308X HF", "MI308X", 192, 5300, 80),
    (0x74BC, None, "AMD Instinct MI308X HF", "MI308X", 192, 5300, 80),
    (0x74A5, 0x00, "AMD Instinct MI325X", "MI325X", 256, 6000, 304),
    (0x75A0, 0x00, "AMD Instinct MI350X", "MI350X", 288, 8000, 256),
    (0x75A3, 0x00, "AMD Instinct MI355X", "MI355X", 288, 8000, 256),
    (0x75A8, None, "AMD Instinct MI350P", "MI350P", 144, 4000, 128),
    (0x7460, None, "AMD Radeon PRO V710", "V710", 28, 448, 54),
    (0x7461, None, "AMD Radeon PRO V710 MxGPU", "V710", 28, 448, 54),
    (0x7448, None, "AMD Radeon PRO W7900", "W7900", 48, 864, 96),
    (0x744A, None, "AMD Radeon PRO W7900 Dual Slot", "W7900", 48, 864, 96),
    (0x744B, None, "AMD Radeon PRO W7900D", "W7900", 48, 864, 96),
    (0x745E, None, "AMD Radeon PRO W7800", "W7800", 32, 576, 70),
    (0x7449, None, "AMD Radeon PRO W7800 48GB", "W7800", 48, 864, 70),
    (0x73A2, None, "AMD Radeon Pro W6900X", "W6900X", 32, 512, 80),
    (0x73A3, None, "AMD Radeon PRO W6800", "W6800", 32, 512, 60),
    (0x73AB, None, "AMD Radeon Pro W6800X / W6800X Duo", "W6800X", 32, 512, 60),
    (0x73A1, None, "AMD Radeon PRO V620", "V620", 32, 512, 72),
    (0x73AE, None, "AMD Radeon PRO V620 MxGPU", "V620", 32, 512, 72),
    (0x7550, 0xC0, "AMD Radeon RX 9070 XT", "RX9070", 16, 640, 64),
    (0x7550, 0xC2, "AMD Radeon RX 9070 GRE", "RX9070", 12, 432, 48),
    (0x7550, 0xC3, "AMD Radeon RX 9070", "RX9070", 16, 640, 56),
    (0x7590, 0xC0, "AMD Radeon RX 9060 XT", "RX9060", 16, 320, 32),
    (0x7590, 0xC1, "AMD Radeon RX 9060 XT LP", "RX9060", 16, 320, 32),
    (0x7590, 0xC7, "AMD Radeon RX 9060", "RX9060", 8, 288, 28),
    (0x7551, 0xC0, "AMD Radeon AI PRO R9700", "R9700", 32, 640, 64),
    (0x7551, 0xC1, "AMD Radeon AI PRO R9700S", "R9700", 32, 640, 64),
    (0x7551, 0xC8, "AMD Radeon AI PRO R9600D", "R9700", 32, 640, 48),
    (0x744C, 0xC8, "AMD Radeon RX 7900 XTX", "RX7900", 24, 960, 96),
    (0x744C, 0xCC, "AMD Radeon RX 7900 XT", "RX7900", 20, 800, 84),
    (0x744C, 0xCE, "AMD Radeon RX 7900 GRE", "RX7900", 16, 576, 80),
    (0x744C, 0xCF, "AMD Radeon RX 7900M", "RX7900", 16, 576, 72),
    (0x744C, 0x99, "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "RX7900", 24, 960, 96),
    (0x744C, None, "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "RX7900", 24, 960, 96),
    (0x73AF, 0xC0, "AMD Radeon RX 6900 XT", "RX6900", 16, 512, 80),
    (0x73A5, None, "AMD Radeon RX 6950 XT", "RX6900", 16, 576, 80),
    (0x73BF, 0xC0, "AMD Radeon RX 6900 XT", "RX6900", 16, 512, 80),
    (0x73BF, 0xC1, "AMD Radeon RX 6800 XT", "RX6800", 16, 512, 72),
    (0x73BF, 0xC3, "AMD Radeon RX 6800", "RX6800", 16, 512, 60),
    *((0x1586, each, "AMD Radeon 8060S", "STRIX_HALO", None, 256, 40) for each in (0xC1, 0xC3, 0xC6, 0xD1)),
    *((0x1586, each, "AMD Radeon 8050S", "STRIX_HALO", None, 256, 32) for each in (0xC2, 0xC4, 0xD2, 0xD4)),
    (0x1586, 0xD5, "AMD Radeon 8040S", "STRIX_HALO", None, 256, 16),
]


@pytest.mark.parametrize(
    ("pci_id", "revision", "name", "model", "gib", "bandwidth", "units"),
    REVISIONS,
    ids=[f"{row[0]:04x}" if row[1] is None else f"{row[0]:04x} {row[1]:02X}" for row in REVISIONS],
)
def test_what_an_id_and_its_revision_mean(
    pci_id: int,
    revision: int | None,
    name: str,
    model: str,
    gib: int | None,
    bandwidth: int,
    units: int,
) -> None:
    part = look_up(AMD_VENDOR_ID, pci_id, revision)
    assert part is not None
    assert (part.name, part.model) == (name, model)
    assert (part.bandwidth_gb_per_s, part.compute_units) == (bandwidth, units)
    size = None if part.memory_mib is None else part.memory_mib / 1024
    assert size == (None if gib is None else pytest.approx(gib, rel=0.01))


def test_every_revision_of_the_table_is_looked_at_here() -> None:
    ours = {
        (pci_id.number, revision)
        for device in DEVICES
        for pci_id in device.ids
        for revision, _ in pci_id.revisions
    }
    assert ours <= {row[:2] for row in REVISIONS}


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


def test_a_model_is_found_by_its_name_in_capitals_and_is_no_id() -> None:
    for model in BY_MODEL:
        assert model == model.upper()
        if len(model) == 4 and set(model) <= set("0123456789ABCDEF"):  # A100, as the user may write 74a1
            assert int(model, 16) not in BY_PCI_ID, model


def test_figures_are_plausible_and_of_one_logical_device() -> None:
    for part in parts():
        assert 250 <= part.bandwidth_gb_per_s <= 8000, part
        assert part.memory_mib is None or 8 * 1024 <= part.memory_mib <= 300 * 1024, part
        assert (part.compute_units is None) == (part.device.vendor is Vendor.NVIDIA), part
        assert part.compute_units is None or 16 <= part.compute_units <= 304, part
    mi250x = BY_MODEL["MI250X"]
    assert (mi250x.memory_mib, mi250x.bandwidth_gb_per_s, mi250x.compute_units) == (65520, 1640, 110)
    assert [device.model for device in DEVICES if device.memory_mib is None] == ["STRIX_HALO"]


# Architecture, the models that have it, what it multiplies natively.
ARCHITECTURES = [
    ("gfx908", "MI100", "int8 fp16 bf16 fp32"),
    ("gfx90a", "MI210 MI250X", "int8 fp16 bf16 fp32"),
    ("gfx942", "MI300A MI300X MI308X MI325X", "int8 fp8 fp16 bf16 fp32"),
    ("gfx950", "MI350X MI355X MI350P", "int8 fp4 fp8 fp16 bf16 fp32"),
    ("gfx1030", "W6900X W6800 W6800X V620 RX6900 RX6800", "int8 fp16 fp32"),
    ("gfx1100", "W7900 W7800 RX7900", "int4 int8 fp16 bf16 fp32"),
    ("gfx1101", "V710", "int4 int8 fp16 bf16 fp32"),
    ("gfx1151", "STRIX_HALO", "int4 int8 fp16 bf16 fp32"),
    ("gfx1200", "RX9060", "int4 int8 fp8 fp16 bf16 fp32"),
    ("gfx1201", "RX9070 R9700", "int4 int8 fp8 fp16 bf16 fp32"),
    ("sm_70", "V100", "fp16 fp32"),
    ("sm_75", "T4", "int4 int8 fp16 fp32"),
    ("sm_80", "A100 A800 A30", "int4 int8 fp16 bf16 fp32"),
    ("sm_86", "A10 A10G A40", "int4 int8 fp16 bf16 fp32"),
    ("sm_89", "L4 L40 L40S", "int4 int8 fp8 fp16 bf16 fp32"),
    ("sm_90", "H20 H100 H200 GH200", "int8 fp8 fp16 bf16 fp32"),
    ("sm_100", "B200 GB200", "int8 fp4 fp8 fp16 bf16 fp32"),
    ("sm_103", "B300", "int8 fp4 fp8 fp16 bf16 fp32"),
]


@pytest.mark.parametrize(("gfx", "models", "native"), ARCHITECTURES, ids=[row[0] for row in ARCHITECTURES])
def test_an_architecture_has_its_models_and_its_precisions(gfx: str, models: str, native: str) -> None:
    devices = [device for device in DEVICES if device.gfx == gfx]
    assert {device.model for device in devices} == set(models.split())
    assert {device.precisions for device in devices} == {tuple(map(Precision, native.split()))}


def test_there_is_no_other_architecture() -> None:
    assert {device.gfx for device in DEVICES} == {row[0] for row in ARCHITECTURES}


@pytest.mark.parametrize(
    ("model", "modes"),
    [
        ("MI100", {}),
        ("MI210", {}),
        ("MI300X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI308X", {"SPX": 1, "DPX": 2, "CPX": 4}),
        ("MI300A", {"SPX": 1, "TPX": 3, "CPX": 6}),
        ("MI325X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI350X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI355X", {"SPX": 1, "DPX": 2, "QPX": 4, "CPX": 8}),
        ("MI350P", {}),
        ("MI250X", {}),
        ("W7900", {}),
    ],
)
def test_partition_modes(model: str, modes: dict[str, int]) -> None:
    assert dict(BY_MODEL[model].partitions) == modes


def test_how_many_a_server_has() -> None:
    sizes = {device.model: device.node_size for device in DEVICES if device.node_size > 1}
    eight = (
        "MI100 MI210 MI250X MI300X MI308X MI325X MI350X MI355X MI350P V100 A100 A800 H20 H100 H200 B200 B300"
    )
    assert sizes == {**dict.fromkeys(eight.split(), 8), "MI300A": 4, "GB200": 4}


def test_only_mi250x_comes_as_two_devices_a_board() -> None:
    assert [device.model for device in DEVICES if device.logical_per_board > 1] == ["MI250X"]


INTEGRATED_IDS = """
1114 13c0 1435 1506 150e 1586 15bf 15c8 15d8 15dd 1636 1638 163f 164c 164d 164e 1681 1900 1901 1902
"""


def test_integrated_graphics_are_known_and_no_accelerators_but_one() -> None:
    assert set(INTEGRATED) == {int(pci_id, 16) for pci_id in INTEGRATED_IDS.split()}
    assert integrated_name(0x164E) == "AMD Radeon 610M"
    assert integrated_name(0x74A1) is None
    assert {BY_PCI_ID[pci_id].model for pci_id in INTEGRATED if pci_id in BY_PCI_ID} == {"STRIX_HALO"}
