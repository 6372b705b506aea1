"""What the graphics driver says of one board: the files of its PCI device in sysfs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.files import as_number, number, text

_MODES = ("SPX", "DPX", "TPX", "QPX", "CPX")


@dataclass(frozen=True)
class Board:
    """One PCI device of the driver; None or empty where a file is missing or says nothing.

    Memory is in bytes and of the whole board: `vram`, and `gtt`, the system's memory that it may use.
    """

    revision: int | None = None
    vram_bytes: int | None = None
    vram_used_bytes: int | None = None
    gtt_bytes: int | None = None
    busy_percent: int | None = None
    memory_busy_percent: int | None = None
    compute_partition: str = ""
    memory_partition: str = ""
    numa_node: int | None = None


def read(root: Path, address: str, render_minor: int | None) -> Board:
    """Read the board at a PCI address, by its render node where the bus does not show it."""
    folders = [f"{root}/sys/bus/pci/devices/{address}"]
    folders += [f"{root}/sys/class/drm/renderD{render_minor}/device"] if render_minor else []
    for folder in folders:
        # Every device of the driver has the one file or the other.
        revision, vram = number(f"{folder}/revision"), number(f"{folder}/mem_info_vram_total")
        if revision is None and vram is None:
            continue
        mode = text(f"{folder}/current_compute_partition") or ""
        memory = text(f"{folder}/current_memory_partition") or ""
        return Board(
            revision,
            vram,
            number(f"{folder}/mem_info_vram_used"),
            number(f"{folder}/mem_info_gtt_total"),
            _percent(f"{folder}/gpu_busy_percent"),
            _percent(f"{folder}/mem_busy_percent"),
            mode if mode in _MODES else "",
            memory if memory.startswith("NPS") and as_number(memory[3:]) else "",
            number(f"{folder}/numa_node"),
        )
    return Board()


def _percent(path: str) -> int | None:
    found = number(path)
    return found if found is not None and found <= 100 else None
