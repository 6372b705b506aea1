"""Which devices the environment hides from the engine, by the exact rules of the GPU runtimes. Pure.

AMD (ROCr's amd_filter_device.cpp, ROCclr's rocdevice.cpp): ROCR_VISIBLE_DEVICES is read first and
renumbers the devices; HIP_VISIBLE_DEVICES counts in what it left; CUDA_VISIBLE_DEVICES is read in its
place where it is unset or empty. NVIDIA: CUDA_VISIBLE_DEVICES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aim_runtime.hardware.accelerator import Accelerator, Hidden
from aim_runtime.vocabulary import AcceleratorType, Vendor

ROCR, HIP, CUDA, CUDA_ORDER = (
    *("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "CUDA_DEVICE_ORDER",
)
VARIABLES = (ROCR, HIP, CUDA)
_BY_ID = "GPU-"


@dataclass(frozen=True)
class View:
    """The devices that the engine would see, in its order, and those that a variable hides."""

    visible: tuple[Accelerator, ...]
    hidden: tuple[Hidden, ...] = ()


def view(gpus: Sequence[Accelerator], environment: Mapping[str, str]) -> View:
    """Apply the variables of the devices' vendor; `index` becomes what the last of them takes."""
    if not gpus:
        return View(())
    vendor = _vendor(gpus)
    left, hidden = tuple(gpus), []
    if vendor is Vendor.AMD and ROCR in environment:
        kept = _rocr(environment[ROCR], left)
        hidden += [Hidden(gpu, f"{ROCR}={environment[ROCR]}") for gpu in left if gpu not in kept]
        left = tuple(kept)
    left = tuple(replace(gpu, index=index) for index, gpu in enumerate(left))
    name = _last(vendor, environment)
    if name:
        kept = _listed(environment[name], left, strict=vendor is Vendor.AMD)
        hidden += [Hidden(gpu, f"{name}={environment[name]}") for gpu in left if gpu not in kept]
        left = tuple(kept)
    return View(left, tuple(hidden))


def settings_for(
    uses: Sequence[Accelerator], visible: Sequence[Accelerator], environment: Mapping[str, str]
) -> dict[str, str]:
    """The variables with which the engine sees exactly `uses` of what is `visible`, in their order.

    Empty where it does so as it is. Both names of one list are given the same value: vLLM on ROCm
    refuses to start where HIP_VISIBLE_DEVICES and CUDA_VISIBLE_DEVICES differ.
    """
    if not uses or uses[0].type is AcceleratorType.CPU:
        return {}
    value = ",".join(str(device.index) for device in uses)
    narrowed = tuple(uses) != tuple(visible)
    if _vendor(uses) is Vendor.NVIDIA:
        # CUDA numbers by speed unless told otherwise, NVML by the bus.
        return {CUDA_ORDER: "PCI_BUS_ID", CUDA: value} if narrowed else {}
    hip, cuda = environment.get(HIP, ""), environment.get(CUDA, "")
    if narrowed or (hip and cuda and hip != cuda):
        return {HIP: value, **({CUDA: value} if cuda else {})}
    return {}


def _vendor(gpus: Sequence[Accelerator]) -> Vendor:
    return gpus[0].gpu.vendor if gpus[0].gpu else Vendor.AMD


def _last(vendor: Vendor, environment: Mapping[str, str]) -> str:
    """The variable that is read last: for HIP an empty one is none, for CUDA it hides all."""
    if vendor is Vendor.NVIDIA:
        return CUDA if CUDA in environment else ""
    return next((name for name in (HIP, CUDA) if environment.get(name)), "")


def _rocr(value: str, gpus: Sequence[Accelerator]) -> list[Accelerator]:
    """Indices (as strtol reads them, 0x and 0 included) or the beginnings of ids; the first bad one ends."""
    kept: list[Accelerator] = []
    for token in value.split(",")[: len(gpus)]:
        found = _by_id(token.strip(), gpus) if _is_id(token) else _at(_strtol(token.strip()), gpus)
        if found is None or found in kept:
            break
        kept.append(found)
    return kept


def _listed(value: str, gpus: Sequence[Accelerator], *, strict: bool) -> list[Accelerator]:
    """Plain indices or ids; the first bad one ends the list, one that is there already is passed over.

    `strict`: HIP takes an index only as it would print it itself, without spaces or leading zeros.
    """
    kept: list[Accelerator] = []
    for token in value.split(","):
        bare = token if strict else token.strip()
        number = int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 10 else None
        number = None if strict and str(number) != bare else number
        found = _by_id(bare, gpus) if _is_id(bare) else _at(number, gpus)
        if found is None:
            break
        if found not in kept:
            kept.append(found)
    return kept


def _is_id(token: str) -> bool:
    return token.strip()[: len(_BY_ID)].upper() == _BY_ID


def _by_id(token: str, gpus: Sequence[Accelerator]) -> Accelerator | None:
    """The one device whose id begins so; None where none or several do."""
    begun = token[len(_BY_ID) :].casefold()
    found = [gpu for gpu in gpus if gpu.gpu and begun and gpu.gpu.unique_id.casefold().startswith(begun)]
    return found[0] if len(found) == 1 else None


def _at(index: int | None, gpus: Sequence[Accelerator]) -> Accelerator | None:
    return gpus[index] if index is not None and 0 <= index < len(gpus) else None


def _strtol(token: str) -> int | None:
    """An integer with the base that its beginning says: 0x is 16, 0 is 8."""
    base = 16 if token[:2] in ("0x", "0X") else 8 if token[:1] == "0" and len(token) > 1 else 10
    try:
        return int(token, base) if token.isascii() and token.isalnum() else None
    except ValueError:
        return None
