"""Write the files that the amdgpu driver shows at /sys/class/kfd/kfd/topology, with a real node's values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

AMD = 0x1002
# Bytes as real nodes report them for one logical device.
MI300X_BYTES = 206141652992
MI250X_BYTES = 65520 * 1024**2
CPU_BYTES = 1081864880128
# Bus addresses of the eight boards of a real MI300X server.
MI300X_LOCATIONS = (1280, 9984, 18176, 25856, 34048, 42752, 50944, 58624)


@dataclass(frozen=True)
class Gpu:
    """One GPU node; `banks` are (heap type, bytes), heap 1 and 2 are the device's own memory."""

    device_id: int = 0x74A1
    location_id: int = 1280
    gfx_target_version: int = 90402
    banks: tuple[tuple[int, int], ...] = ((1, MI300X_BYTES),)
    domain: int = 0
    vendor_id: int = AMD
    more: dict[str, int] = field(default_factory=dict)


def mi300x_server() -> list[Gpu]:
    return [Gpu(location_id=location) for location in MI300X_LOCATIONS]


def write_tree(folder: Path, gpus: list[Gpu], cpus: int = 2) -> Path:
    """Write the CPU nodes, then the GPU nodes; returns the folder of the nodes."""
    nodes = folder / "topology/nodes"
    nodes.mkdir(parents=True)
    for number in range(cpus):
        write_cpu(nodes / str(number))
    for number, gpu in enumerate(gpus, cpus):
        write_gpu(nodes / str(number), gpu)
    return nodes


def write_cpu(node: Path) -> None:
    _write(
        node / "properties", {"cpu_cores_count": 96, "simd_count": 0, "gfx_target_version": 0, "vendor_id": 0}
    )
    _write(node / "mem_banks/0/properties", {"heap_type": 0, "size_in_bytes": CPU_BYTES})
    (node / "gpu_id").write_text("0\n")


def write_gpu(node: Path, gpu: Gpu) -> None:
    properties = {
        "cpu_cores_count": 0,
        "simd_count": 1216,
        "gfx_target_version": gpu.gfx_target_version,
        "vendor_id": gpu.vendor_id,
        "device_id": gpu.device_id,
        "location_id": gpu.location_id,
        "domain": gpu.domain,
        "local_mem_size": 0,
        "fw_version": 177,
        "unique_id": 16404946649897475633 + gpu.location_id,
        "num_xcc": 8,
        **gpu.more,
    }
    _write(node / "properties", properties)
    for index, (heap, size) in enumerate(gpu.banks):
        _write(node / f"mem_banks/{index}/properties", {"heap_type": heap, "size_in_bytes": size, "flags": 0})
    (node / "gpu_id").write_text("24248\n")
    (node / "name").write_text("ip discovery\n")


def _write(path: Path, properties: dict[str, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name} {value}\n" for name, value in properties.items()))
