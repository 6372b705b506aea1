"""NVIDIA GPUs as the driver's management library lists them (NVML, by nvidia-ml-py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from aim_runtime.hardware.accelerator import Accelerator, Gpu
from aim_runtime.hardware.devices import NVIDIA_VENDOR_ID, look_up
from aim_runtime.hardware.files import number
from aim_runtime.hardware.found import Found
from aim_runtime.vocabulary import AcceleratorType, Vendor

SOURCE = "the NVIDIA driver (NVML)"
# Signs of the driver: its device, its folder, and its library under WSL.
DRIVER = ("dev/nvidiactl", "proc/driver/nvidia/version", "usr/lib/wsl/lib/libnvidia-ml.so.1")
_MIG_ENABLED = 1
_VIRTUAL = 2  # NVML_GPU_VIRTUALIZATION_MODE_VGPU: the device is a guest's

_Value = TypeVar("_Value")


def probe(root: Path) -> Found | None:
    """Return the GPUs, None where there is no driver or no library to ask it with.

    The library looks at this machine alone: another `root` has nothing to ask. It takes as long to load
    as all of the deciding, so a sign of the driver is looked for first.
    """
    if root != Path("/") or not any((root / sign).exists() for sign in DRIVER):
        return None
    return read()


def read() -> Found | None:
    """Ask the library. None where it, or the driver that it speaks to, is not there."""
    try:
        import pynvml
    except ImportError:
        return Found((), SOURCE, ("NVIDIA GPUs cannot be looked at: pip install 'aim-runtime[nvidia]'",))
    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        return None
    except pynvml.NVMLError as error:
        return Found((), SOURCE, (f"NVML does not start: {error}",))
    try:
        return _found(pynvml)
    finally:
        # The answer stands, whatever the library says in leaving.
        _asked(pynvml, pynvml.nvmlShutdown)


def _found(nvml: ModuleType) -> Found:
    gpus, problems = [], []
    try:
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return Found((), SOURCE, (f"NVML does not count its GPUs: {error}",))
    for index in range(count):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            if _mig(nvml, handle) == _MIG_ENABLED:
                problems.append(
                    f"NVIDIA GPU {index} is in MIG mode and left out: its slices are not supported"
                )
                continue
            gpus.append(_accelerator(nvml, index, handle))
        except nvml.NVMLError as error:
            problems.append(f"NVIDIA GPU {index} is left out: {error}")
    return Found(tuple(gpus), SOURCE, tuple(problems))


def _accelerator(nvml: ModuleType, index: int, handle: Any) -> Accelerator:
    """Raises NVMLError for a device without an address or a name: it is lost."""
    pci = nvml.nvmlDeviceGetPciInfo(handle)
    name: str = nvml.nvmlDeviceGetName(handle)
    # The device id is in the upper half, the vendor's in the lower.
    pci_id = pci.pciDeviceId >> 16
    part = look_up(NVIDIA_VENDOR_ID, pci_id)
    address = f"{pci.domain:04x}:{pci.bus:02x}:{pci.device:02x}.0"
    memory = _asked(nvml, lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    capability = _asked(nvml, lambda: nvml.nvmlDeviceGetCudaComputeCapability(handle))
    use = _asked(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    uuid: str = _asked(nvml, lambda: nvml.nvmlDeviceGetUUID(handle)) or ""
    gpu = Gpu(
        Vendor.NVIDIA,
        architecture=f"sm_{capability[0]}{capability[1]}" if capability else "",
        pci_id=pci_id,
        address=address,
        board=address,
        unique_id=uuid.removeprefix("GPU-"),
        virtual=_asked(nvml, lambda: nvml.nvmlDeviceGetVirtualizationMode(handle)) == _VIRTUAL,
        numa_node=number(f"/sys/bus/pci/devices/{address}/numa_node"),
        busy_percent=use.gpu if use else None,
        memory_busy_percent=use.memory if use else None,
    )
    return Accelerator(
        AcceleratorType.GPU,
        index,
        part.model if part else None,
        name,
        memory.total if memory else None,
        free_bytes=memory.free if memory else None,
        gpu=gpu,
    )


def _mig(nvml: ModuleType, handle: Any) -> int | None:
    mode = _asked(nvml, lambda: nvml.nvmlDeviceGetMigMode(handle))
    return mode[0] if mode else None


def _asked(nvml: ModuleType, ask: Callable[[], _Value]) -> _Value | None:
    """The answer, None where this device or this user is refused it."""
    try:
        return ask()
    except nvml.NVMLError:
        return None
