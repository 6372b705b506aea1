"""The compute driver's topology: /sys/class/kfd/kfd.

Left out: `caches`, `p2p_links`, `perf`, the links of CPU nodes, and all links but the one to the CPU on
a machine of more than 16 devices, where they would be thousands.
"""

from __future__ import annotations

from pathlib import Path

from machines.files import link, pairs, put, put_all, refuse
from machines.host import Host
from machines.values import Machine, Slice

_MOST_LINKED = 16
_PCIE, _XGMI = 2, 11  # linux: drivers/gpu/drm/amd/amdkfd/kfd_crat.h

# The lines of a CPU node in the kernel's order (linux: drivers/gpu/drm/amd/amdkfd/kfd_topology.c, node_show).
_CPU_NODE = (
    *("cpu_cores_count", "simd_count", "mem_banks_count", "caches_count", "io_links_count"),
    *("p2p_links_count", "cpu_core_id_base", "simd_id_base", "max_waves_per_simd", "lds_size_in_kb"),
    *("gds_size_in_kb", "num_gws", "wave_front_size", "array_count", "simd_arrays_per_engine"),
    *("cu_per_simd_array", "simd_per_cu", "max_slots_scratch_cu", "gfx_target_version", "vendor_id"),
    *("device_id", "location_id", "domain", "drm_render_minor", "hive_id", "num_sdma_engines"),
    *("num_sdma_xgmi_engines", "num_sdma_queues_per_engine", "num_cp_queues", "max_engine_clk_ccompute"),
)


def write_kfd(root: Path, machine: Machine) -> None:
    """Write the nodes, first those of the CPUs; then what each process holds."""
    kfd = root / "sys/devices/virtual/kfd/kfd"
    link(root / "sys/class/kfd/kfd", kfd)
    topology = kfd / "topology"
    put(topology / "generation_id", f"{machine.host.nodes + len(machine.slices)}\n")
    put(
        topology / "system_properties",
        "platform_oem 4777524452235890003\nplatform_id 85015745549651\nplatform_rev 2\n",
    )
    for node in range(machine.host.nodes):
        _write_cpu_node(topology / f"nodes/{node}", machine, node)
    for each in machine.slices:
        _write_gpu_node(topology / f"nodes/{machine.host.nodes + each.number}", machine, each)
    (kfd / "proc").mkdir()
    for process in machine.processes:
        folder = kfd / f"proc/{process.pid}"
        put(folder / "pasid", f"{32768 + process.pid % 1000}\n")
        for each in machine.slices:
            # A process opens every device; of those that it does not use it holds nothing.
            put(folder / f"vram_{each.gpu_id}", f"{process.used_bytes.get(each.number, 0)}\n")
            put(folder / f"sdma_{each.gpu_id}", "0\n")
            put_all(folder / f"stats_{each.gpu_id}", {"cu_occupancy": "0\n", "evicted_ms": "0\n"})
        if process.comm is not None:
            put(root / f"proc/{process.pid}/comm", f"{process.comm}\n")
            put(root / f"proc/{process.pid}/cmdline", f"{process.comm}\0-m\0server\0")


def gpu_properties(machine: Machine, each: Slice) -> dict[str, int]:
    """The lines of one GPU node: those of the whole device, and what its slice has of them."""
    gpu, slices = each.gpu, each.gpu.slices
    own = {**gpu.model.properties, **gpu.properties}
    step = own["cu_per_simd_array"] * own["array_count"] // own["num_xcc"]
    friends = sum(other.gpu.hive == gpu.hive for other in machine.slices) if gpu.hive else 1
    if slices > 1:
        engines = own["num_sdma_engines"] + own["num_sdma_xgmi_engines"]
        own["num_sdma_xgmi_engines"] = engines // slices - own["num_sdma_engines"]
        own["caches_count"] = (own["caches_count"] - 2) // slices + 2  # two are of the whole board
        for name in ("simd_count", "array_count", "num_xcc"):
            own[name] //= slices
    return own | {
        "io_links_count": friends,  # the others of the hive, and the CPU
        "p2p_links_count": len(machine.slices) - friends + machine.host.nodes - 1,
        "simd_id_base": own["simd_id_base"] + step * each.number,
        "location_id": gpu.location + (each.part << 28 if machine.new_slices else each.part),
        "domain": gpu.domain,
        "drm_render_minor": each.minor,
        "hive_id": gpu.hive,
        "unique_id": gpu.unique_id + (each.part if machine.new_slices else 0),
        "max_engine_clk_ccompute": machine.host.clock_mhz,
    }


def _write_gpu_node(node: Path, machine: Machine, each: Slice) -> None:
    gpu, model = each.gpu, each.gpu.model
    bank = {
        "heap_type": 1,
        "size_in_bytes": gpu.whole_bytes // gpu.slices,
        "flags": 0,
        "width": model.bank_width,
        "mem_clk_max": model.bank_clock,
    }
    files = {
        "gpu_id": f"{each.gpu_id}\n",
        "name": f"{model.node_name}\n",
        "properties": pairs(gpu_properties(machine, each)),
        "mem_banks/0/properties": pairs(bank),
    }
    if machine.driver is not None:
        files["mem_banks/0/used_memory"] = f"{gpu.used(each.part)}\n"
    for number, text in enumerate(_links(machine, each)):
        files[f"io_links/{number}/properties"] = text
    put_all(node, files)
    if not each.mine:
        for name in files:
            refuse(node / name)


def _write_cpu_node(folder: Path, machine: Machine, node: int) -> None:
    host = machine.host
    near = sum(_cpu_of(each) == node for each in machine.slices)
    per_node = host.cpus // host.nodes
    own = {
        "cpu_cores_count": per_node,
        "mem_banks_count": 1,
        "io_links_count": near + host.nodes - 1,
        "p2p_links_count": len(machine.slices) - near,
        "cpu_core_id_base": node * (host.apic_step or per_node),
        "max_engine_clk_ccompute": host.clock_mhz,
    }
    put_all(
        folder,
        {
            "gpu_id": "0\n",
            "name": "\n",
            "properties": pairs({name: own.get(name, 0) for name in _CPU_NODE}),
            "mem_banks/0/properties": pairs(_cpu_bank(host)),
        },
    )


def _cpu_bank(host: Host) -> dict[str, int]:
    size = host.node_kib * 1024
    return {"heap_type": 0, "size_in_bytes": size, "flags": 0, "width": 64, "mem_clk_max": 5600}


def _cpu_of(each: Slice) -> int:
    return max(0, each.gpu.numa_node)  # -1 where the machine has one node


def _links(machine: Machine, each: Slice) -> list[str]:
    """The link to the CPU, and one to each other device of the hive."""
    found = [_link(machine, each, _cpu_of(each), _PCIE, 20, 312, 64000)]
    if each.gpu.hive and len(machine.slices) <= _MOST_LINKED:
        for other in machine.slices:
            if other != each and other.gpu.hive == each.gpu.hive:
                to = machine.host.nodes + other.number
                found.append(_link(machine, each, to, _XGMI, 15, 50000, 50000))
    return found


def _link(
    machine: Machine, each: Slice, to: int, kind: int, weight: int, least_mbps: int, most_mbps: int
) -> str:
    return pairs(
        {
            "type": kind,
            "version_major": 0,
            "version_minor": 0,
            "node_from": machine.host.nodes + each.number,
            "node_to": to,
            "weight": weight,
            "min_latency": 0,
            "max_latency": 0,
            "min_bandwidth": least_mbps,
            "max_bandwidth": most_mbps,
            "recommended_transfer_size": 0,
            "flags": 1,
        }
    )
