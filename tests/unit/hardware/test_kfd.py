"""The kernel's files, where they are odd: what is in them is never believed blindly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.hardware import kfd
from aim_runtime.hardware.accelerator import Accelerator
from machines import Gpu, Machine, mi300x_spx, write

Tree = Callable[[str], Path]


def one() -> Machine:
    """The first of eight MI300X alone, which is node 2."""
    return replace(mi300x_spx(), gpus=mi300x_spx().gpus[:1])


def found(root: Path) -> tuple[Accelerator, ...]:
    answer = kfd.probe(root)
    assert answer is not None
    return answer.gpus


def change(root: Path, name: str, old: str, new: str) -> None:
    file = root / kfd.NODES / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_no_driver_is_not_no_gpu(tree: Tree, place: Path) -> None:
    assert kfd.probe(tree("no GPU")) is None
    (place / kfd.NODES).mkdir(parents=True)
    assert found(place) == ()


def test_order_is_by_node_number_and_other_folders_are_no_nodes(place: Path) -> None:
    root = write(mi300x_spx(), place)
    nodes = root / kfd.NODES
    (nodes / "9").rename(nodes / "11")
    (nodes / "not-a-node").mkdir()
    (nodes / "2x").mkdir()
    assert [gpu.gpu.node for gpu in found(root) if gpu.gpu] == [2, 3, 4, 5, 6, 7, 8, 11]


@pytest.mark.parametrize(
    ("banks", "vram", "expected"),
    [
        (((1, 100),), None, 100),
        (((1, 100), (2, 28)), None, 128),
        (((0, 5000), (2, 28)), None, 28),
        (((1, 100),), 300, 300),
        (((0, 5000),), 300, 300),
        (((0, 5000),), None, None),
        ((), None, None),
    ],
    ids=[
        *("private", "private and public", "system memory is not counted", "the graphics driver has more"),
        *("only the graphics driver", "only system memory", "no banks"),
    ],
)
def test_memory_is_the_devices_own(
    place: Path, banks: tuple[tuple[int, int], ...], vram: int | None, expected: int | None
) -> None:
    root = write(one(), place)
    folder = root / kfd.NODES / "2/mem_banks"
    (folder / "0/properties").unlink()
    for index, (heap, size) in enumerate(banks):
        (folder / str(index)).mkdir(exist_ok=True)
        (folder / str(index) / "properties").write_text(f"heap_type {heap}\nsize_in_bytes {size}\nflags 0\n")
    total = root / "sys/bus/pci/devices/0000:05:00.0/mem_info_vram_total"
    total.write_text("" if vram is None else f"{vram}\n")
    assert found(root)[0].memory_bytes == expected


@pytest.mark.parametrize(
    ("used", "expected"),
    [("0", 100), ("40", 60), ("200", 0), ("", None), ("many", None), ("-1", None)],
    ids=["idle", "some", "more than there is", "empty", "no number", "negative"],
)
def test_free_is_what_the_driver_does_not_say_is_used(place: Path, used: str, expected: int | None) -> None:
    machine = replace(one(), driver=None)
    root = write(machine, place)
    board = root / "sys/bus/pci/devices/0000:05:00.0"
    (board / "mem_info_vram_total").write_text("100\n")
    change(root, "2/mem_banks/0/properties", "size_in_bytes 206141652992", "size_in_bytes 100")
    (board / "mem_info_vram_used").write_text(f"{used}\n")
    assert found(root)[0].free_bytes == expected


def test_another_vendors_node_is_not_ours(place: Path) -> None:
    root = write(one(), place)
    change(root, "2/properties", "vendor_id 4098", "vendor_id 4318")
    assert found(root) == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"gfx_target_version\n", b"gfx_target_version ninety\nvendor_id 4098\n", b"\xff\xfe\x00 1\n"],
    ids=["empty", "no value", "not a number", "not text"],
)
def test_a_garbled_node_is_left_out(place: Path, content: bytes) -> None:
    root = write(mi300x_spx(), place)
    (root / kfd.NODES / "2/properties").write_bytes(content)
    assert [gpu.index for gpu in found(root)] == list(range(7))


def test_garbled_lines_cost_only_themselves(place: Path) -> None:
    root = write(one(), place)
    change(root, "2/properties", "simd_per_cu 4\n", "nonsense\nsimd_per_cu -4\n\nwidth 1 2\n")
    (gpu,) = found(root)
    assert gpu.gpu is not None
    assert gpu.gpu.compute_units == 304  # four to a compute unit unless the driver says otherwise


@pytest.mark.parametrize(
    ("mode", "xccs", "expected"),
    [
        ("CPX", 8, "CPX"),
        ("", 1, "CPX"),
        ("", 2, "QPX"),
        ("", 4, "DPX"),
        ("", 8, None),
        ("SPX", 8, None),
        ("nonsense", 1, "CPX"),
        ("TPX", 8, None),
    ],
)
def test_the_mode_is_the_drivers_word_or_what_the_dies_tell(
    mode: str, xccs: int, expected: str | None, place: Path
) -> None:
    root = write(one(), place)
    (root / "sys/bus/pci/devices/0000:05:00.0/current_compute_partition").write_text(f"{mode}\n")
    change(root, "2/properties", "num_xcc 8", f"num_xcc {xccs}")
    (gpu,) = found(root)
    assert (gpu.partition.compute if gpu.partition else None) == expected


@pytest.mark.parametrize(("boards", "expected"), [(1, None), (2, "DPX"), (3, "QPX"), (5, "CPX")])
def test_on_an_old_kernel_the_number_of_slices_tells_the_mode(
    boards: int, expected: str | None, place: Path
) -> None:
    gpu = replace(mi300x_spx().gpus[0], slices=boards, compute="", memory="")
    root = write(replace(mi300x_spx(), gpus=(gpu,)), place)
    for node in (root / kfd.NODES).iterdir():
        text = (node / "properties").read_text()
        (node / "properties").write_text(
            "".join(f"{line}\n" for line in text.splitlines() if "num_xcc" not in line)
        )
    assert {each.partition.compute if each.partition else None for each in found(root)} == {expected}


def test_the_same_address_in_another_domain_is_another_board(place: Path) -> None:
    gpus: tuple[Gpu, ...] = tuple(replace(one().gpus[0], domain=domain) for domain in (0, 1))
    root = write(replace(one(), gpus=gpus), place)
    assert [gpu.gpu.address for gpu in found(root) if gpu.gpu] == ["0000:05:00.0", "0001:05:00.0"]


def test_without_the_pci_bus_the_render_node_leads_to_the_board(place: Path) -> None:
    root = write(one(), place)
    (root / "sys/bus/pci/devices/0000:05:00.0").rename(root / "board")
    node = root / "sys/class/drm/renderD128"
    node.unlink()
    node.mkdir()
    (node / "device").symlink_to(root / "board")
    (gpu,) = found(root)
    assert gpu.gpu is not None
    assert (gpu.gpu.busy_percent, gpu.gpu.numa_node) == (0, 0)
