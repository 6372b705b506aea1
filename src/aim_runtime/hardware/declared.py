"""The accelerator that the user declared: planning for a machine that is not this one."""

from __future__ import annotations

import re

from aim_runtime.errors import HardwareError, InvalidValue, did_you_mean
from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.device import Part
from aim_runtime.hardware.devices import (
    AMD_VENDOR_ID,
    BY_MODEL,
    MIB,
    NVIDIA_VENDOR_ID,
    integrated_name,
    look_up,
    parts,
    whole,
)
from aim_runtime.hardware.epyc import KINDS
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "declared by AIM_ACCELERATOR_MODEL"
_NAMES = (*BY_MODEL, *KINDS, "CPU")
# 0x74a1, 74a1, 1002:74a1, as lspci and the operators write them.
_PCI_ID = re.compile(r"(?:(?P<vendor>1002|10de):)?(?P<sure>0x)?(?P<id>[0-9a-f]{4})", re.IGNORECASE)
_BRANDS = re.compile(r"(?:(?:amd|nvidia|instinct|radeon|tesla|ai|pro)[\s_-]+)+", re.IGNORECASE)
# What a piece of "MI250X / MI250" begins with when it is a name on its own, as "GRE" is not.
_STARTS_A_NAME = re.compile(r"[a-z]+\d")


def part_named(text: str) -> Part:
    """Return what a model name, a marketing name or a PCI id names.

    Raises InvalidValue for an unknown name and HardwareError for an unknown PCI id.
    """
    part = _by_id(text) or _by_name(text)
    if part is None:
        near = did_you_mean(_BRANDS.sub("", text, count=1), _NAMES)
        raise InvalidValue(
            f"AIM_ACCELERATOR_MODEL={text} is not a known accelerator{near}",
            hint=f"use one of {', '.join(_NAMES)}, a PCI id such as 0x74a1, or unset it to detect",
        )
    return part


def _by_id(text: str) -> Part | None:
    """Return what a PCI id names; None for four characters that may be a name as well, such as A100."""
    found = _PCI_ID.fullmatch(text)
    if found is None:
        return None
    number = int(found["id"], 16)
    vendors = (int(found["vendor"], 16),) if found["vendor"] else (AMD_VENDOR_ID, NVIDIA_VENDOR_ID)
    part = next((part for vendor in vendors if (part := look_up(vendor, number))), None)
    if part is None and (found["sure"] or found["vendor"]):
        igpu = integrated_name(number) if AMD_VENDOR_ID in vendors else None
        raise HardwareError(
            f"AIM_ACCELERATOR_MODEL={text}: "
            + (f"{igpu} is integrated graphics" if igpu else "no accelerator with this PCI id is known"),
            hint="set AIM_ACCELERATOR_MODEL to a model name, for example MI300X",
        )
    return part


def _by_name(text: str) -> Part | None:
    """Return what a name means: a model's first, then in full, then without brands, spaces and dashes."""
    device = BY_MODEL.get(text.upper())
    if device is not None:
        return whole(device)
    # Backwards: of several with one name the first stands, which is the model or no virtual function.
    known = tuple(parts())[::-1]
    full = {part.name.casefold(): part for part in known}
    names = {_plain(part.name): part for part in known}
    for model, device in BY_MODEL.items():
        pieces = (_plain(piece) for piece in device.name.split(" / "))
        names = {piece: whole(device) for piece in pieces if _STARTS_A_NAME.match(piece)} | names
        names[_plain(model)] = whole(device)
    return full.get(text.casefold()) or names.get(_plain(text))


def _plain(name: str) -> str:
    """AMD Radeon RX 7900 XTX as rx7900xtx."""
    return re.sub(r"[\s_-]+", "", _BRANDS.sub("", name, count=1)).casefold()


def declare(text: str, count: int | None, seen: int) -> tuple[Accelerator, ...]:
    """Return the GPUs that the user says there are.

    `count` is the user's number, None when not given; `seen` is what a probe counted. Where neither
    says a number, a whole server of that accelerator is meant.
    """
    part = part_named(text)
    memory = None if part.memory_mib is None else part.memory_mib * MIB
    gpu = Gpu(part.device.vendor, part.gfx, virtual=part.virtual)
    return tuple(
        Accelerator(AcceleratorType.GPU, index, part.model, part.name, memory, gpu=gpu)
        for index in range(seen or count or part.device.node_size)
    )
