"""What the machine runs below this program: kernel, system, drivers; None where it is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.files import text

_AMDGPU, _ROCM = "sys/module/amdgpu/version", "opt/rocm/.info/version"
_NVIDIA = "proc/driver/nvidia/version"


@dataclass(frozen=True)
class Software:
    """Versions, as each names itself; `amdgpu` of the driver, where it is not the kernel's own."""

    system: str | None
    kernel: str | None
    amdgpu: str | None
    rocm: str | None
    nvidia: str | None


def look(root: Path) -> Software:
    """Read them below `root`."""
    release = re.search(r'^PRETTY_NAME="?([^"\n]+)', text(root / "etc/os-release") or "", re.MULTILINE)
    nvidia = re.search(r"Kernel Module(?: for \w+)?\s+(\d[\d.]+)", text(root / _NVIDIA) or "")
    return Software(
        release[1] if release else None,
        text(root / "proc/sys/kernel/osrelease"),
        text(root / _AMDGPU),
        text(root / _ROCM),
        nvidia[1] if nvidia else None,
    )
