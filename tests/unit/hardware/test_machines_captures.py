"""The builder of machines writes, value by value, what captures of real servers have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from machines import mi210, mi300x_cpx_nps4, mi300x_spx, mi308x_cpx, scratch, write
from machines.instinct import MI300X_BOARDS
from machines.look import NODES, PCI, bank_bytes, gpu_nodes, names, properties

# /sys/class/kfd/kfd/topology/nodes/2/properties of a real server.
MI300X_NODE_2 = """\
cpu_cores_count 0
simd_count 1216
mem_banks_count 1
caches_count 626
io_links_count 8
p2p_links_count 1
cpu_core_id_base 0
simd_id_base 2147487784
max_waves_per_simd 8
lds_size_in_kb 64
gds_size_in_kb 0
num_gws 64
wave_front_size 64
array_count 32
simd_arrays_per_engine 1
cu_per_simd_array 10
simd_per_cu 4
max_slots_scratch_cu 32
gfx_target_version 90402
vendor_id 4098
device_id 29857
location_id 1280
domain 0
drm_render_minor 128
hive_id 15188982192727901047
num_sdma_engines 2
num_sdma_xgmi_engines 14
num_sdma_queues_per_engine 8
num_cp_queues 24
max_engine_clk_fcompute 2100
local_mem_size 0
fw_version 177
capability 746037888
debug_prop 1511
sdma_fw_version 22
unique_id 16404946649897475633
num_xcc 8
max_engine_clk_ccompute 2750
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as path:
        yield path


def test_the_first_node_of_an_mi300x_is_a_real_one(folder: Path) -> None:
    node = write(mi300x_spx(), folder) / NODES / "2"
    assert (node / "properties").read_text() == MI300X_NODE_2
    assert (node / "gpu_id").read_text() == "24248\n"
    assert (node / "name").read_text() == "ip discovery\n"
    assert (node / "mem_banks/0/properties").read_text() == (
        "heap_type 1\nsize_in_bytes 206141652992\nflags 0\nwidth 8192\nmem_clk_max 1300\n"
    )
    assert (node / "io_links/0/properties").read_text() == (
        "type 2\nversion_major 0\nversion_minor 0\nnode_from 2\nnode_to 0\nweight 20\nmin_latency 0\n"
        "max_latency 0\nmin_bandwidth 312\nmax_bandwidth 64000\nrecommended_transfer_size 0\nflags 1\n"
    )
    assert len(names(node / "io_links", r"\d+")) == 8


def test_a_cpu_node_is_a_real_one(folder: Path) -> None:
    node = write(mi300x_cpx_nps4(), folder) / NODES / "0"
    lines = (node / "properties").read_text().splitlines()
    # The captured server has one GPU node less, on the other CPU.
    assert lines[:6] == [
        *("cpu_cores_count 96", "simd_count 0", "mem_banks_count 1", "caches_count 0", "io_links_count 33"),
        "p2p_links_count 32",
    ]
    assert lines[-1] == "max_engine_clk_ccompute 2750"
    assert len(lines) == 30
    assert {line.split()[1] for line in lines[6:-1]} == {"0"}
    assert ((node / "gpu_id").read_text(), (node / "name").read_text()) == ("0\n", "\n")
    assert bank_bytes(folder, 0) == 1081864880128
    assert properties(node.parent / "1")["cpu_core_id_base"] == 96


def test_the_boards_of_an_mi300x_server_are_the_real_ones(folder: Path) -> None:
    root = write(mi300x_spx(), folder)
    nodes = gpu_nodes(root)
    assert [(node["location_id"], node["unique_id"]) for node in nodes] == list(MI300X_BOARDS)
    assert [node["drm_render_minor"] for node in nodes] == list(range(128, 192, 8))
    buses = ["05", "27", "47", "65", "85", "a7", "c7", "e5"]
    for index, (bus, node) in enumerate(zip(buses, nodes, strict=True)):
        board = root / PCI / f"0000:{bus}:00.0"
        assert int((board / "unique_id").read_text(), 16) == node["unique_id"]
        render = root / f"sys/class/drm/renderD{node['drm_render_minor']}"
        assert render.joinpath("device").resolve() == board.resolve()
        assert (root / f"sys/class/drm/card{1 + 8 * index}/device").resolve() == board.resolve()
    assert (root / PCI / "0000:05:00.0/unique_id").read_text() == "e3aa140f9a5f9e31\n"


def test_a_board_shows_what_the_driver_shows(folder: Path) -> None:
    board = write(mi300x_spx(), folder) / PCI / "0000:05:00.0"
    expected = {
        "vendor": "0x1002",
        "device": "0x74a1",
        "revision": "0x00",
        "class": "0x120000",
        "subsystem_vendor": "0x1002",
        "subsystem_device": "0x74a1",
        "mem_info_vram_total": "206141652992",
        "mem_info_vram_used": "297611264",
        "gpu_busy_percent": "0",
        "mem_busy_percent": "0",
        "current_compute_partition": "SPX",
        "available_compute_partition": "SPX, DPX, QPX, CPX",
        "current_memory_partition": "NPS1",
        "numa_node": "0",
        "product_name": "AMD Instinct MI300X OAM",
        "ras/umc_err_count": "ue: 0\nce: 0",
    }
    assert {name: (board / name).read_text() for name in expected} == {
        name: f"{text}\n" for name, text in expected.items()
    }
    assert (board / "uevent").read_text().splitlines()[:5] == [
        *("DRIVER=amdgpu", "PCI_CLASS=120000", "PCI_ID=1002:74A1", "PCI_SUBSYS_ID=1002:74A1"),
        "PCI_SLOT_NAME=0000:05:00.0",
    ]
    assert (board / "ras/gpu_vram_bad_pages").read_text() == ""
    assert (board / "driver").resolve().name == "amdgpu"
    assert (folder / "sys/module/amdgpu/version").read_text() == "6.12.12\n"
    assert (folder / "sys/module/amdgpu/initstate").read_text() == "live\n"
    assert (folder / "sys/class/drm/card0/device/vendor").read_text() == "0x1a03\n"


@pytest.mark.parametrize("newer", [False, True])
def test_the_slices_of_a_board(folder: Path, newer: bool) -> None:
    root = write(mi300x_cpx_nps4(new_slices=newer), folder)
    nodes = gpu_nodes(root)
    assert {(node["simd_count"], node["num_xcc"], node["caches_count"]) for node in nodes} == {(152, 1, 80)}
    assert {(node["num_sdma_xgmi_engines"], node["capability"]) for node in nodes} == {(0, 2893521536)}
    assert [node["drm_render_minor"] for node in nodes] == list(range(128, 192))
    first = nodes[:8]
    shift = 28 if newer else 0
    assert [node["location_id"] for node in first] == [1280 + (part << shift) for part in range(8)]
    assert len({node["unique_id"] for node in nodes}) == (64 if newer else 8)
    assert {bank_bytes(root, node) for node in range(2, 66)} == {206141652992 // 8}
    assert (root / NODES / "9/mem_banks/0/used_memory").read_text() == f"{297611264 // 8}\n"
    board = root / PCI / "0000:05:00.0"
    assert (board / "current_compute_partition").read_text() == "CPX\n"
    assert (board / "available_compute_partition").read_text() == "QPX, CPX\n"
    assert (board / "current_memory_partition").read_text() == "NPS4\n"
    assert (root / f"sys/devices/platform/amdgpu_xcp{'.' if newer else '_'}55/drm/card64").is_dir()


def test_mi308x_slices_are_those_of_the_capture(folder: Path) -> None:
    root = write(mi308x_cpx(), folder)
    nodes = gpu_nodes(root)
    kinds = {(node["device_id"], node["simd_count"], node["num_xcc"], node["caches_count"]) for node in nodes}
    assert kinds == {(29858, 80, 1, 46)}
    assert {(node["io_links_count"], node["p2p_links_count"], node["array_count"]) for node in nodes} == {
        (32, 1, 4)
    }
    assert [node["drm_render_minor"] for node in nodes[:8]] == [128, 129, 130, 131, 136, 137, 138, 139]
    assert [node["simd_id_base"] for node in nodes[:5]] == [2147487744 + 40 * index for index in range(5)]
    assert bank_bytes(root, 2) == 51539607552
    assert {node["domain"] for node in nodes} == {0, 1}
    assert (root / PCI / "0001:0b:00.0/device").read_text() == "0x74a2\n"


def test_mi210_nodes_are_those_of_the_capture(folder: Path) -> None:
    nodes = gpu_nodes(write(mi210(), folder))
    kinds = {(node["device_id"], node["gfx_target_version"], node["simd_count"]) for node in nodes}
    assert kinds == {(29711, 90010, 416)}
    assert {(node["io_links_count"], node["p2p_links_count"]) for node in nodes} == {(4, 5)}
    assert [node["simd_id_base"] for node in nodes[:3]] == [2147487744, 2147487856, 2147487968]
    assert [node["location_id"] for node in nodes[:3]] == [25344, 17152, 768]
