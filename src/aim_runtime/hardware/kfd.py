"""AMD GPUs as the kernel's compute driver lists them: no root, no library.

Each folder of the topology is a node; a GPU node has a `gfx_target_version`. A node whose files
answer EPERM belongs to another container (the device cgroup hides it) and is not ours.
"""

from __future__ import annotations

from pathlib import Path

from aim_runtime.errors import HardwareError
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.devices import AMD_VENDOR_ID, BY_PCI_ID
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "the amdgpu driver (KFD topology)"
TOPOLOGY = Path("/sys/class/kfd/kfd/topology/nodes")
DRM = Path("/sys/class/drm")
# Frame-buffer heaps; heap 0 is the system's memory (linux: kfd_crat.h).
_FRAME_BUFFER_HEAPS = (1, 2)


def probe(topology: Path = TOPOLOGY, drm: Path = DRM) -> tuple[Accelerator, ...] | None:
    """Return the GPUs this process may use, None where the driver is not there.

    Raises HardwareError for a partitioned board, whose slices no profile describes yet.
    """
    if not topology.is_dir():
        return None
    nodes = sorted(
        (node for node in topology.iterdir() if node.name.isdigit()), key=lambda node: int(node.name)
    )
    found = []
    for node in nodes:
        properties = _properties(node / "properties")
        if properties.get("gfx_target_version", 0) and properties.get("vendor_id") == AMD_VENDOR_ID:
            found.append((node, properties))
    _refuse_partitions([properties for _, properties in found])
    return tuple(
        _accelerator(index, properties, _memory_bytes(node), _used_bytes(drm, properties))
        for index, (node, properties) in enumerate(found)
    )


def _accelerator(
    index: int, properties: dict[str, int], memory_bytes: int | None, used_bytes: int | None
) -> Accelerator:
    pci_id = properties.get("device_id", 0)
    device = BY_PCI_ID.get(pci_id)
    name = device.name if device else f"AMD GPU {pci_id:#06x}"
    free_bytes = None if memory_bytes is None or used_bytes is None else max(0, memory_bytes - used_bytes)
    model = device.model if device else None
    return Accelerator(AcceleratorType.GPU, index, model, name, memory_bytes, free_bytes=free_bytes)


def _refuse_partitions(gpus: list[dict[str, int]]) -> None:
    """Two nodes with one board's address are slices of it, unless its model comes as two devices."""
    boards: dict[tuple[int, int], int] = {}
    for gpu in gpus:
        board = (gpu.get("domain", 0), gpu.get("location_id", 0) >> 3)
        boards[board] = boards.get(board, 0) + 1
        device = BY_PCI_ID.get(gpu.get("device_id", 0))
        if device and boards[board] > device.logical_per_board:
            raise HardwareError(
                f"{device.name} is partitioned: {boards[board]} or more slices of one board are visible",
                hint="set the compute partition to SPX (amd-smi set --compute-partition SPX), or declare "
                "what to plan for with AIM_ACCELERATOR_MODEL and AIM_ACCELERATOR_COUNT",
            )


def _memory_bytes(node: Path) -> int | None:
    total = 0
    for bank in sorted((node / "mem_banks").glob("*/properties")):
        properties = _properties(bank)
        if properties.get("heap_type") in _FRAME_BUFFER_HEAPS:
            total += properties.get("size_in_bytes", 0)
    return total or None


def _used_bytes(drm: Path, properties: dict[str, int]) -> int | None:
    """What processes hold of the board's memory, by its render node; None where that cannot be read."""
    path = drm / f"renderD{properties.get('drm_render_minor', 0)}" / "device" / "mem_info_vram_used"
    try:
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _properties(path: Path) -> dict[str, int]:
    """Parse `name value` lines; what cannot be read or is not a number is left out."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
