"""The builder of machines writes the devices that real ones show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machines import MACHINES, Machine, mi300a, mi300x_spx, scratch, strix_halo, vf_guest, write
from machines.look import NODES, PCI, bank_bytes, gpu_nodes, names

GIB = 1024**3

# GPU nodes, CPU nodes, files of /sys/class/drm (cards, render nodes), files of /dev/dri.
COUNTS = {
    "8 MI300X SPX": (8, 2, 65, 64, 129),
    "8 MI300X DPX": (16, 2, 65, 64, 129),
    "8 MI300X QPX/NPS4": (32, 2, 65, 64, 129),
    "8 MI300X CPX/NPS4": (64, 2, 65, 64, 129),
    "8 MI300X CPX/NPS4, newer driver": (64, 2, 65, 64, 129),
    "8 MI308X SPX": (8, 2, 65, 64, 129),
    "8 MI308X CPX": (32, 2, 65, 64, 129),
    "8 MI325X": (8, 2, 65, 64, 129),
    "8 MI350X": (8, 2, 65, 64, 129),
    "8 MI355X": (8, 2, 65, 64, 129),
    "8 MI210": (8, 2, 9, 8, 17),
    "8 MI250X": (16, 2, 17, 16, 33),
    "4 MI300A": (4, 4, 32, 32, 64),
    "4 MI300A, tiny": (4, 4, 32, 32, 64),
    "4 MI300A TPX": (12, 4, 32, 32, 64),
    "W7900 beside an iGPU": (2, 1, 2, 2, 4),
    "W7900 behind an iGPU": (2, 1, 2, 2, 4),
    "W7900 beside an iGPU with lent memory": (2, 1, 2, 2, 4),
    "Strix Halo": (1, 1, 1, 1, 2),
    "Strix Halo, old kernel": (1, 1, 1, 1, 2),
    "4 MI300X and 4 MI325X": (8, 2, 65, 64, 129),
    "one MI300X of 8": (8, 2, 65, 64, 1),
    "one CPX slice of 64": (64, 2, 65, 64, 1),
    "8 MI300X VF": (8, 1, 64, 64, 128),
    "1 MI300X VF with modes": (1, 1, 8, 8, 16),
    "8 MI300X, two busy": (8, 2, 65, 64, 129),
    "no GPU": (0, 0, 1, 0, 1),
    "8 MI300X without a driver": (0, 0, 1, 0, 1),
    "2 H100": (0, 0, 3, 0, 3),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as path:
        yield path


def test_every_machine_is_counted() -> None:
    assert list(COUNTS) == list(MACHINES)


@pytest.mark.parametrize("name", COUNTS)
def test_the_nodes_and_the_cards_are_as_many_as_on_the_real_machine(folder: Path, name: str) -> None:
    machine = MACHINES[name]()
    root = write(machine, folder)
    gpus, cpus, cards, renders, dev = COUNTS[name]
    assert len(names(root / NODES, r"\d+")) == gpus + cpus
    assert len(machine.slices) == gpus
    assert len(names(root / "sys/class/drm", r"card\d+")) == cards
    assert len(names(root / "sys/class/drm", r"renderD\d+")) == renders
    assert len(names(root / "dev/dri", r".*")) == dev
    for each in names(root / "sys/class/drm", r"(card|renderD)\d+"):
        device = (root / "sys/class/drm" / each / "device").resolve(strict=True)
        assert device.is_relative_to(root.resolve())
        assert (device / "vendor").is_file() != (device.parent.name == "platform")
    ids = [each.gpu_id for each in machine.slices]
    assert len(set(ids)) == len(ids)
    assert all(0 < each < 65536 for each in ids)


@pytest.mark.parametrize(
    ("machine", "sysfs", "banks"),
    [
        (mi300a(), None, 128 * GIB),
        (mi300a(tiny=True), GIB // 2, 128 * GIB),
        (mi300a(tpx=True), None, 128 * GIB // 3),
        (strix_halo(), GIB // 2, 120259084288),
        (strix_halo(old_kernel=True), GIB // 2, GIB // 2),
    ],
    ids=["MI300A", "MI300A, tiny", "MI300A TPX", "Strix Halo", "Strix Halo, old kernel"],
)
def test_an_apu_has_the_memory_of_the_system(
    folder: Path, machine: Machine, sysfs: int | None, banks: int
) -> None:
    root = write(machine, folder)
    total = root / PCI / machine.gpus[0].address / "mem_info_vram_total"
    assert (int(total.read_text()) if total.exists() else None) == sysfs
    assert bank_bytes(root, machine.host.nodes) == banks


@pytest.mark.parametrize(
    ("name", "device", "version", "total"),
    [
        ("8 MI325X", 29861, 90402, 274861129728),
        ("8 MI350X", 30112, 90500, 294896 * 1024**2),
        ("8 MI355X", 30115, 90500, 294896 * 1024**2),
        ("8 MI250X", 0x740C, 90010, 65520 * 1024**2),
        ("8 MI300X VF", 0x74B5, 90402, 206141652992),
        ("W7900 beside an iGPU", 0x7448, 110000, 49136 * 1024**2),
        ("W7900 behind an iGPU", 0x164E, 100306, 512 * 1024**2),
        ("Strix Halo", 0x1586, 110501, 512 * 1024**2),
    ],
)
def test_the_first_device_is_the_one_of_the_name(
    folder: Path, name: str, device: int, version: int, total: int
) -> None:
    machine = MACHINES[name]()
    root = write(machine, folder)
    first = gpu_nodes(root)[0]
    assert (first["device_id"], first["gfx_target_version"]) == (device, version)
    board = root / PCI / machine.gpus[0].address
    assert (board / "device").read_text() == f"0x{device:04x}\n"
    assert (board / "mem_info_vram_total").read_text() == f"{total}\n"


def test_a_virtual_function_hides_what_it_cannot_know(folder: Path) -> None:
    hidden = ("gpu_busy_percent", "mem_busy_percent", "current_compute_partition", "ras")
    plain, modes = write(vf_guest(), folder / "8"), write(vf_guest(1, modes=True), folder / "1")
    assert [(plain / PCI / "0000:00:05.0" / name).exists() for name in hidden] == [False] * 4
    assert (modes / PCI / "0000:00:05.0/current_memory_partition").read_text() == "UNKNOWN\n"
    assert "hypervisor" in (plain / "proc/cpuinfo").read_text()


def files_end_with_a_line(root: Path) -> list[str]:
    """The files whose last line does not end, as a kernel's do."""
    wrong = []
    for folder, _, files in os.walk(root):
        for path in (Path(folder, name) for name in files):
            if not path.is_symlink() and (text := path.read_bytes()) and not text.endswith(b"\n"):
                wrong.append(str(path.relative_to(root)))
    return wrong


@pytest.mark.parametrize(
    ("machine", "expected"),
    [(mi300x_spx, []), (strix_halo, ["sys/fs/selinux/enforce"])],
    ids=["MI300X", "Strix Halo with SELinux"],
)
def test_files_are_lines(folder: Path, machine: Callable[[], Machine], expected: list[str]) -> None:
    assert files_end_with_a_line(write(machine(), folder)) == expected
