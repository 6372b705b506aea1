"""The accelerator that the user says there is, and the one table that knows them all."""

from __future__ import annotations

import pytest

from aim_runtime.errors import AimError, HardwareError, InvalidValue
from aim_runtime.hardware.declared import declare, device_named
from aim_runtime.hardware.devices import BY_MODEL, BY_PCI_ID, DEVICES, MIB
from aim_runtime.vocabulary import AcceleratorType


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
    ],
)
def test_name_or_pci_id(text: str, model: str) -> None:
    assert device_named(text).model == model


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("MI300", InvalidValue, "AIM_ACCELERATOR_MODEL=MI300 is not a known accelerator; did you mean MI300"),
        ("MI325", InvalidValue, "did you mean MI325X?"),
        ("H100", InvalidValue, "AIM_ACCELERATOR_MODEL=H100 is not a known accelerator"),
        ("beef", InvalidValue, "AIM_ACCELERATOR_MODEL=beef is not a known accelerator"),
        ("0x1234", HardwareError, "AIM_ACCELERATOR_MODEL=0x1234: no accelerator with this PCI id is known"),
    ],
)
def test_unknown_is_refused(text: str, kind: type[AimError], reason: str) -> None:
    with pytest.raises(kind) as caught:
        device_named(text)
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


def test_no_id_or_name_is_in_the_table_twice() -> None:
    ids = [pci_id for device in DEVICES for pci_id in device.pci_ids]
    names = [device.model.casefold() for device in DEVICES]
    assert len(ids) == len(set(ids)) == len(BY_PCI_ID)
    assert len(names) == len(set(names)) == len(BY_MODEL)
    assert all(device.pci_ids for device in DEVICES)


@pytest.mark.parametrize(
    ("pci_id", "model", "gfx", "memory_mib"),
    [
        (0x738C, "MI100", "gfx908", 32752),
        (0x740F, "MI210", "gfx90a", 65520),
        (0x740C, "MI250X", "gfx90a", 65520),
        (0x74A0, "MI300A", "gfx942", 131072),
        (0x74A1, "MI300X", "gfx942", 196592),
        (0x74B5, "MI300X", "gfx942", 196592),
        (0x74BC, "MI308X", "gfx942", 196592),
        (0x74A5, "MI325X", "gfx942", 262128),
        (0x75A0, "MI350X", "gfx950", 294896),
        (0x75A3, "MI355X", "gfx950", 294896),
        (0x75B3, "MI355X", "gfx950", 294896),
        (0x744C, "RX7900", "gfx1100", 24560),
        (0x7448, "W7900", "gfx1100", 49136),
        (0x7551, "R9700", "gfx1201", 32768),
        (0x7590, "RX9060", "gfx1200", 16384),
        (0x1586, "STRIX_HALO", "gfx1151", None),
    ],
)
def test_table(pci_id: int, model: str, gfx: str, memory_mib: int | None) -> None:
    device = BY_PCI_ID[pci_id]
    assert (device.model, device.gfx, device.memory_mib) == (model, gfx, memory_mib)


def test_only_mi250x_comes_as_two_devices_a_board() -> None:
    assert [device.model for device in DEVICES if device.logical_per_board > 1] == ["MI250X"]
