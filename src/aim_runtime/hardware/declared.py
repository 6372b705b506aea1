"""The accelerator that the user declared: planning for a machine that is not this one."""

from __future__ import annotations

import re

from aim_runtime.errors import HardwareError, InvalidValue, did_you_mean
from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.devices import (
    AMD_VENDOR_ID,
    BY_MODEL,
    DEVICES,
    MIB,
    NVIDIA_VENDOR_ID,
    Part,
    look_up,
)
from aim_runtime.hardware.epyc import KINDS
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "declared by AIM_ACCELERATOR_MODEL"
_NAMES = (*BY_MODEL, *KINDS, "CPU")
# 0x74a1, 74a1, 1002:74a1, as lspci and the operators write them.
_PCI_ID = re.compile(r"(?:(?P<vendor>1002|10de):)?(?P<sure>0x)?(?P<id>[0-9a-f]{4})", re.IGNORECASE)
_VENDORS = re.compile(r"^(amd|nvidia)?\s*(instinct|radeon\s+ai\s+pro|radeon\s+pro|radeon|tesla)?\s+", re.I)


def part_named(text: str) -> Part:
    """Return what a model name, a marketing name or a PCI id names.

    Raises InvalidValue for an unknown name and HardwareError for an unknown PCI id.
    """
    found = _PCI_ID.fullmatch(text)
    if found:
        vendors = (int(found["vendor"], 16),) if found["vendor"] else (AMD_VENDOR_ID, NVIDIA_VENDOR_ID)
        parts = (look_up(vendor, int(found["id"], 16)) for vendor in vendors)
        part = next((part for part in parts if part), None)
        if part is not None:
            return part
        if found["sure"] or found["vendor"]:
            raise HardwareError(
                f"AIM_ACCELERATOR_MODEL={text}: no accelerator with this PCI id is known",
                hint="set AIM_ACCELERATOR_MODEL to a model name, for example MI300X",
            )
    folded = text.casefold()
    names = {device.name.casefold(): device for device in DEVICES}
    names |= {model.casefold(): device for model, device in BY_MODEL.items()}
    device = names.get(folded) or names.get(_VENDORS.sub("", f"{folded} ").strip().replace(" ", ""))
    if device is None:
        raise InvalidValue(
            f"AIM_ACCELERATOR_MODEL={text} is not a known accelerator{did_you_mean(text, _NAMES)}",
            hint=f"use one of {', '.join(_NAMES)}, a PCI id such as 0x74a1, or unset it to detect",
        )
    return Part(device, device.name, device.memory_mib, device.bandwidth_gb_per_s, False)


def declare(text: str, count: int | None, seen: int) -> tuple[Accelerator, ...]:
    """Return the GPUs that the user says there are.

    `count` is the user's number, None when not given; `seen` is what a probe counted. Where neither
    says a number, a whole server of that accelerator is meant.
    """
    part = part_named(text)
    memory = None if part.memory_mib is None else part.memory_mib * MIB
    gpu = Gpu(part.device.vendor, part.device.gfx, virtual=part.virtual)
    return tuple(
        Accelerator(AcceleratorType.GPU, index, part.model, part.name, memory, gpu=gpu)
        for index in range(seen or count or part.device.node_size)
    )
