"""How the GPUs are: errors of their memory, and the processes that use them. For an examination only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware import amdsmi
from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.amdsmi import Process
from aim_runtime.hardware.files import number, numbered, text

_PROCESSES = "sys/class/kfd/kfd/proc"


@dataclass(frozen=True)
class Health:
    """One GPU: memory errors that could not be corrected since the driver was loaded, pages of memory that
    wait to be put aside, and who uses it; None where that cannot be read."""

    uncorrectable_errors: int | None = None
    pending_pages: int | None = None
    processes: tuple[Process, ...] = ()


def examine(root: Path, gpus: tuple[Accelerator, ...]) -> dict[int, Health]:
    """Look at each AMD GPU, by its index: in the kernel's files, then in AMD's library."""
    ours = [(device.index, device.gpu) for device in gpus if device.gpu and device.gpu.node is not None]
    if not ours:
        return {}
    library = amdsmi.health(root)
    users = _processes(root)
    found = {}
    for index, gpu in ours:
        told = library.get(gpu.node or 0, amdsmi.Health())
        errors = _uncorrectable(root, gpu)
        found[index] = Health(
            told.uncorrectable_errors if errors is None else errors,
            _pending(root, gpu),
            users.get(gpu.gpu_id or 0) or told.processes,
        )
    return found


def _uncorrectable(root: Path, gpu: Gpu) -> int | None:
    content = text(root / "sys/bus/pci/devices" / gpu.board / "ras/umc_err_count") or ""
    found = re.search(r"^ue: (\d{1,18})$", content, re.MULTILINE)
    return int(found[1]) if found else None


def _pending(root: Path, gpu: Gpu) -> int | None:
    """Pages marked P in lines of `address : size : flag`; R are put aside already."""
    content = text(root / "sys/bus/pci/devices" / gpu.board / "ras/gpu_vram_bad_pages")
    if content is None:
        return None
    return sum(line.rpartition(":")[2].strip() in ("P", "F") for line in content.splitlines())


def _processes(root: Path) -> dict[int, tuple[Process, ...]]:
    """Who has memory of a GPU, by the driver's id of it; the largest first. Ids of the host's processes."""
    found: dict[int, list[Process]] = {}
    for pid in numbered(root / _PROCESSES) or ():
        folder = root / _PROCESSES / str(pid)
        try:
            names = [path.name for path in folder.iterdir() if path.name.startswith("vram_")]
        except OSError:
            continue
        for name in names:
            held, gpu = number(folder / name), name.removeprefix("vram_")
            if held and gpu.isascii() and gpu.isdigit():
                comm = text(root / "proc" / str(pid) / "comm") or ""
                found.setdefault(int(gpu), []).append(Process(pid, comm, held))
    return {
        gpu: tuple(sorted(users, key=lambda each: (-(each.memory_bytes or 0), each.pid)))
        for gpu, users in found.items()
    }
