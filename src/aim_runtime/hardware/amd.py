"""AMD GPUs: which there are by the kernel's compute driver, completed by AMD's library where that helps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aim_runtime.hardware import kfd
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.found import Found

if TYPE_CHECKING:
    from aim_runtime.hardware.amdsmi import Reading


def probe(root: Path) -> Found | None:
    """Return the GPUs this process may use, None where the driver is not there.

    The library takes longer than all the files, so it is asked only where they leave memory open.
    """
    found = kfd.probe(root)
    if found is None or all(_known(gpu) for gpu in found.gpus):
        return found
    from aim_runtime.hardware import amdsmi  # few need it, and start-up time matters

    readings = amdsmi.readings(root)
    if not readings:
        return found
    gpus = tuple(completed(gpu, readings) for gpu in found.gpus)
    return replace(found, gpus=gpus, source=f"{found.source}, completed by {amdsmi.SOURCE}")


def _known(gpu: Accelerator) -> bool:
    return gpu.memory_bytes is not None and gpu.free_bytes is not None


def completed(device: Accelerator, readings: dict[int, Reading]) -> Accelerator:
    """The device with what the library knows put where nothing was known."""
    gpu = device.gpu
    reading = readings.get(-1 if gpu is None or gpu.node is None else gpu.node)
    if gpu is None or reading is None:
        return device
    total = reading.memory_bytes if device.memory_bytes is None else device.memory_bytes
    free = device.free_bytes
    if free is None and total is not None and reading.used_bytes is not None:
        free = max(0, total - reading.used_bytes)
    busy, memory_busy = gpu.busy_percent, gpu.memory_busy_percent
    return replace(
        device,
        name=reading.name if device.model is None and reading.name else device.name,
        memory_bytes=total,
        free_bytes=free,
        gpu=replace(
            gpu,
            busy_percent=reading.busy_percent if busy is None else busy,
            memory_busy_percent=reading.memory_busy_percent if memory_busy is None else memory_busy,
        ),
    )
