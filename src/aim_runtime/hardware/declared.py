"""The accelerator that the user declared: planning for a machine that is not this one."""

from __future__ import annotations

import re

from aim_runtime.errors import HardwareError, InvalidValue, did_you_mean
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.hardware.devices import BY_MODEL, BY_PCI_ID, MIB, Device
from aim_runtime.hardware.epyc import KINDS
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "declared by AIM_ACCELERATOR_MODEL"
_NAMES = (*BY_MODEL, *KINDS, "CPU")


def device_named(text: str) -> Device:
    """Return the device that a model name or PCI id names.

    Raises InvalidValue for an unknown name and HardwareError for an unknown PCI id.
    """
    if re.fullmatch(r"(0x)?[0-9a-f]{4}", text, re.IGNORECASE):
        device = BY_PCI_ID.get(int(text, 16))
        if device is not None:
            return device
        if text.casefold().startswith("0x"):
            raise HardwareError(
                f"AIM_ACCELERATOR_MODEL={text}: no accelerator with this PCI id is known",
                hint="set AIM_ACCELERATOR_MODEL to a model name, for example MI300X",
            )
    device = {name.casefold(): known for name, known in BY_MODEL.items()}.get(text.casefold())
    if device is None:
        raise InvalidValue(
            f"AIM_ACCELERATOR_MODEL={text} is not a known accelerator{did_you_mean(text, _NAMES)}",
            hint=f"use one of {', '.join(_NAMES)}, a PCI id such as 0x74a1, or unset it to detect",
        )
    return device


def declare(text: str, count: int | None, seen: int) -> tuple[Accelerator, ...]:
    """Return the GPUs that the user says there are.

    `count` is the user's number, None when not given; `seen` is what a probe counted. Where neither
    says a number, a whole server of that accelerator is meant.
    """
    device = device_named(text)
    memory = None if device.memory_mib is None else device.memory_mib * MIB
    return tuple(
        Accelerator(AcceleratorType.GPU, index, device.model, device.name, memory)
        for index in range(seen or count or device.node_size)
    )
