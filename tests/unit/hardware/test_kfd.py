"""GPUs as the driver's topology files show them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.errors import HardwareError
from aim_runtime.hardware import kfd
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.vocabulary import AcceleratorType
from unit.hardware.kfd_tree import (
    MI250X_BYTES,
    MI300X_BYTES,
    MI300X_LOCATIONS,
    Gpu,
    mi300x_server,
    write_gpu,
    write_tree,
)


def found(nodes: Path) -> tuple[Accelerator, ...]:
    gpus = kfd.probe(nodes)
    assert gpus is not None
    return gpus


def test_mi300x_server(tmp_path: Path) -> None:
    gpus = found(write_tree(tmp_path, mi300x_server()))
    assert gpus == tuple(
        Accelerator(AcceleratorType.GPU, index, "MI300X", "AMD Instinct MI300X", MI300X_BYTES)
        for index in range(8)
    )


def test_an_mi250x_board_is_two_devices(tmp_path: Path) -> None:
    boards = [
        Gpu(0x740C, location, 90010, ((1, MI250X_BYTES),))
        for board in range(4)
        for location in (board * 4096 + 256, board * 4096 + 257)
    ]
    gpus = found(write_tree(tmp_path, boards))
    assert [(gpu.model, gpu.index, gpu.memory_bytes) for gpu in gpus] == [
        ("MI250X", index, MI250X_BYTES) for index in range(8)
    ]


def test_no_driver_is_not_no_gpu(tmp_path: Path) -> None:
    assert kfd.probe(tmp_path / "topology/nodes") is None
    assert kfd.probe(write_tree(tmp_path, [])) == ()


def test_order_is_by_node_number(tmp_path: Path) -> None:
    nodes = write_tree(tmp_path, [])
    for number in (10, 9, 2):
        write_gpu(nodes / str(number), Gpu(location_id=number << 8, banks=((1, number),)))
    (nodes / "not-a-node").mkdir()
    assert [(gpu.index, gpu.memory_bytes) for gpu in found(nodes)] == [(0, 2), (1, 9), (2, 10)]


@pytest.mark.parametrize(
    ("banks", "expected"),
    [
        (((1, 100),), 100),
        (((1, 100), (2, 28)), 128),
        (((0, 5000), (2, 28)), 28),
        (((0, 5000),), None),
        ((), None),
    ],
    ids=["private", "private and public", "system memory is not counted", "only system memory", "no banks"],
)
def test_memory_is_the_devices_own(
    tmp_path: Path, banks: tuple[tuple[int, int], ...], expected: int | None
) -> None:
    (gpu,) = found(write_tree(tmp_path, [Gpu(banks=banks)]))
    assert gpu.memory_bytes == expected


def test_unknown_device_is_listed_by_its_id(tmp_path: Path) -> None:
    (gpu,) = found(write_tree(tmp_path, [Gpu(device_id=0x7FFF)]))
    assert (gpu.model, gpu.name, gpu.memory_bytes) == (None, "AMD GPU 0x7fff", MI300X_BYTES)


def test_another_vendors_node_is_not_ours(tmp_path: Path) -> None:
    assert found(write_tree(tmp_path, [Gpu(vendor_id=0x10DE)])) == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"gfx_target_version\n", b"gfx_target_version ninety\nvendor_id 4098\n", b"\xff\xfe\x00 1\n"],
    ids=["empty", "no value", "not a number", "not text"],
)
def test_garbled_node_is_left_out(tmp_path: Path, content: bytes) -> None:
    nodes = write_tree(tmp_path, [Gpu(location_id=1280), Gpu(location_id=9984)])
    (nodes / "2/properties").write_bytes(content)
    (gpu,) = found(nodes)
    assert gpu.index == 0


def test_garbled_lines_cost_only_themselves(tmp_path: Path) -> None:
    nodes = write_tree(tmp_path, [Gpu()])
    bank = nodes / "2/mem_banks/0/properties"
    bank.write_text("heap_type 1\nnonsense\nsize_in_bytes 77\nwidth -1\n\n")
    assert found(nodes)[0].memory_bytes == 77


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads what nobody may")
def test_a_node_of_another_container_is_not_ours(tmp_path: Path) -> None:
    nodes = write_tree(tmp_path, mi300x_server())
    for number in range(3, 10):
        (nodes / f"{number}/properties").chmod(0)
    assert len(found(nodes)) == 1


def test_a_node_without_properties_is_left_out(tmp_path: Path) -> None:
    nodes = write_tree(tmp_path, mi300x_server())
    (nodes / "2/properties").unlink()
    gpus = found(nodes)
    assert [gpu.index for gpu in gpus] == list(range(7))


def test_partitioned_board_is_refused(tmp_path: Path) -> None:
    slices = [
        Gpu(location_id=board + part, banks=((1, MI300X_BYTES // 8),), more={"simd_count": 152, "num_xcc": 1})
        for board in MI300X_LOCATIONS
        for part in range(8)
    ]
    with pytest.raises(HardwareError, match="AMD Instinct MI300X is partitioned") as caught:
        kfd.probe(write_tree(tmp_path, slices))
    assert "SPX" in caught.value.hint
    assert "AIM_ACCELERATOR_MODEL" in caught.value.hint


def test_the_same_address_in_another_domain_is_another_board(tmp_path: Path) -> None:
    gpus = [Gpu(location_id=1280, domain=domain) for domain in (0, 1)]
    assert len(found(write_tree(tmp_path, gpus))) == 2


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        ("0", MI300X_BYTES),
        (str(MI300X_BYTES // 2), MI300X_BYTES - MI300X_BYTES // 2),
        (str(2 * MI300X_BYTES), 0),
        ("", None),
        ("many", None),
        (None, None),
    ],
    ids=["idle", "half", "more than there is", "empty", "not a number", "no file"],
)
def test_free_memory_is_what_the_driver_does_not_say_is_used(
    tmp_path: Path, used: str | None, expected: int | None
) -> None:
    gpus = [Gpu(location_id=1280, more={"drm_render_minor": 128}), Gpu(location_id=9984)]
    nodes = write_tree(tmp_path, gpus)
    if used is not None:
        file = tmp_path / "drm/renderD128/device/mem_info_vram_used"
        file.parent.mkdir(parents=True)
        file.write_text(f"{used}\n")
    found = kfd.probe(nodes, tmp_path / "drm")
    assert found is not None
    assert [gpu.free_bytes for gpu in found] == [expected, None]


def test_without_memory_nothing_is_free(tmp_path: Path) -> None:
    file = tmp_path / "drm/renderD128/device/mem_info_vram_used"
    file.parent.mkdir(parents=True)
    file.write_text("5")
    nodes = write_tree(tmp_path, [Gpu(banks=(), more={"drm_render_minor": 128})])
    found = kfd.probe(nodes, tmp_path / "drm")
    assert found is not None
    assert (found[0].memory_bytes, found[0].free_bytes) == (None, None)
