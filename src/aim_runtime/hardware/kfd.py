"""AMD GPUs as the kernel's compute driver lists them: no root, no library.

Each folder of the topology is a node; a GPU node has a `gfx_target_version`. The driver shows every
node to everybody, and answers EPERM for the files of one that the device cgroup gives to others: it is
not ours. The order of the nodes is the order in which the GPU runtime numbers devices. What the graphics
driver knows of a board (use, partition mode) is read beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware import drm, partitions
from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.devices import AMD_VENDOR_ID, integrated_name, look_up
from aim_runtime.hardware.files import number, numbered, properties, text
from aim_runtime.hardware.found import Found
from aim_runtime.vocabulary import AcceleratorType, Vendor

SOURCE = "the amdgpu driver (KFD topology)"
NODES = "sys/class/kfd/kfd/topology/nodes"
# Frame-buffer heaps; heap 0 is the system's memory (linux: kfd_crat.h).
_FRAME_BUFFER_HEAPS = (1, 2)
# The driver's own share of an idle board is 284 MiB of 192 GiB; a process takes more at once.
_IDLE_SHARE = 0.02


@dataclass(frozen=True)
class _Node:
    """One GPU node: its number, its properties, and the bytes of its memory (total, used)."""

    number: int
    values: dict[str, int]
    memory_bytes: int | None
    used_bytes: int | None

    @property
    def place(self) -> tuple[int, int]:
        """PCI domain, and bus and device in one number: what the slices of a board have in common."""
        return self.values.get("domain", 0), (self.values.get("location_id", 0) & 0xFFFF) >> 3

    @property
    def slice_(self) -> int:
        """The number of the slice: newer drivers write it into the highest bits, older as the function."""
        location = self.values.get("location_id", 0)
        return (location >> 28) & 0xF or location & 7


def probe(root: Path) -> Found | None:
    """Return the GPUs this process may use, None where the driver is not there."""
    folder = root / NODES
    numbers = numbered(folder)
    if numbers is None:
        return None
    nodes, others, problems = [], 0, []
    for each in numbers:
        try:
            node = _node(folder / str(each), each)
        except PermissionError:
            others += 1
        except OSError as error:
            problems.append(f"KFD node {each} cannot be read: {error.strerror or error}")
        else:
            nodes += [node] if node else []
    if others and not nodes:
        are = "GPUs of this machine are" if others > 1 else "GPU of this machine is"
        problems.append(f"{others} AMD {are} not given to this process: the device cgroup refuses")
    return Found(_accelerators(root, nodes), SOURCE, tuple(problems))


def _node(folder: Path, number_: int) -> _Node | None:
    """Read a node; None for a CPU. Raises OSError, PermissionError for the GPU of another container."""
    values = properties((folder / "properties").read_bytes()[:65536].decode("ascii", "replace"))
    if not values.get("gfx_target_version") or values.get("vendor_id") != AMD_VENDOR_ID:
        return None
    total, used = _memory(folder / "mem_banks")
    return _Node(number_, values, total, used)


def _memory(banks: Path) -> tuple[int | None, int | None]:
    """The bytes of a node's own memory, and what of it is used where the driver says so."""
    total, used = 0, None
    for each in numbered(banks) or ():
        bank = properties(text(f"{banks}/{each}/properties") or "")
        if bank.get("heap_type") in _FRAME_BUFFER_HEAPS:
            total += bank.get("size_in_bytes", 0)
            taken = number(f"{banks}/{each}/used_memory")
            used = used if taken is None else (used or 0) + taken
    return total or None, used


def _accelerators(root: Path, nodes: list[_Node]) -> tuple[Accelerator, ...]:
    boards = {}
    slices: dict[tuple[int, int], int] = {}
    for node in nodes:
        slices[node.place] = slices.get(node.place, 0) + 1
        if node.place not in boards:
            minor = node.values.get("drm_render_minor")
            boards[node.place] = drm.read(root, _address(node.place, 0), minor)
    return tuple(
        _accelerator(root, index, node, boards[node.place], slices[node.place])
        for index, node in enumerate(nodes)
    )


def _accelerator(root: Path, index: int, node: _Node, board: drm.Board, slices: int) -> Accelerator:
    values = node.values
    pci_id = values.get("device_id", 0)
    part = look_up(AMD_VENDOR_ID, pci_id, board.revision)
    igpu = integrated_name(pci_id)
    name = part.name if part else igpu or f"AMD GPU {pci_id:#06x}"
    partition = partitions.of(part, values.get("num_xcc"), board, slices, node.slice_)
    shared = igpu is not None
    total = _total_bytes(node, board, whole=partition is None, shared=shared)
    gpu = Gpu(
        Vendor.AMD,
        architecture=_gfx(values["gfx_target_version"]),
        pci_id=pci_id,
        revision=board.revision,
        address=_address(node.place, values.get("location_id", 0) & 7),
        board=_address(node.place, 0),
        unique_id=f"{unique:016x}" if (unique := values.get("unique_id", 0)) else "",
        partition=partition,
        virtual=part.virtual if part else False,
        integrated=shared,
        compute_units=values.get("simd_count", 0) // (values.get("simd_per_cu") or 4) or None,
        firmware=values.get("fw_version") or None,
        numa_node=board.numa_node,
        hive=values.get("hive_id") or None,
        render_minor=values.get("drm_render_minor") or None,
        node=node.number,
        gpu_id=number(f"{root}/{NODES}/{node.number}/gpu_id") or None,
        busy_percent=board.busy_percent,
        memory_busy_percent=board.memory_busy_percent,
    )
    used = _used_bytes(node, board, whole=partition is None)
    free = None if total is None or used is None else max(0, total - used)
    return Accelerator(
        AcceleratorType.GPU, index, part.model if part else None, name, total, free_bytes=free, gpu=gpu
    )


def _total_bytes(node: _Node, board: drm.Board, *, whole: bool, shared: bool) -> int | None:
    """The device's memory: what KFD has, unless a whole board has more by the graphics driver.

    A board that shares the system's memory has next to nothing of its own; what it may take of the
    system's is in KFD's figure on newer kernels, and in the graphics driver's on all.
    """
    sizes = [node.memory_bytes or 0]
    sizes += [board.vram_bytes or 0] if whole else []
    sizes += [board.gtt_bytes or 0] if shared else []
    return max(sizes) or None


def _used_bytes(node: _Node, board: drm.Board, *, whole: bool) -> int | None:
    """What processes hold of the device's memory; None where nobody says it for a slice by itself."""
    if whole and board.vram_used_bytes is not None:
        return board.vram_used_bytes
    if node.used_bytes is not None:
        return node.used_bytes
    used, total = board.vram_used_bytes, board.vram_bytes
    idle = used is not None and total is not None and used < total * _IDLE_SHARE
    return used if idle else None


def _address(place: tuple[int, int], function: int) -> str:
    domain, bus_device = place
    return f"{domain:04x}:{bus_device >> 5:02x}:{bus_device & 31:02x}.{function}"


def _gfx(version: int) -> str:
    """The compiler's name: 90402 is gfx942, 90010 is gfx90a."""
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"
