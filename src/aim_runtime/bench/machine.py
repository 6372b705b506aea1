"""The machine in one line, as a result names what it was measured on."""

from __future__ import annotations

from collections import Counter

from aim_runtime.hardware import detect
from aim_runtime.hardware.accelerator import Hardware

_GIB = 1024**3


def machine(hardware: Hardware | None = None) -> str:
    """As `8 x AMD Instinct MI300X, 192 cores of AMD EPYC 9654, 1511 GiB`; this one where none is given."""
    hardware = hardware or detect(None, None, None)
    gpus = Counter(each.name for each in hardware.gpus)
    processor = hardware.cpu
    parts = [
        *(f"{count} x {name}" for name, count in gpus.items()),
        f"{processor.cores} cores of {processor.name}",
    ]
    if processor.memory_bytes:
        parts.append(f"{processor.memory_bytes / _GIB:.0f} GiB")
    return ", ".join(parts)
