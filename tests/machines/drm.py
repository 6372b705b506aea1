"""The PCI bus, the graphics class and /dev: what the amdgpu driver shows beside KFD."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from machines.files import link, put, put_all
from machines.values import AMD, FIRST_MINOR, DeviceFile, Gpu, Machine, PciDevice


def write_pci(root: Path, machine: Machine) -> None:
    """Write /sys/bus/pci, /sys/class/drm, /sys/module and /dev/dri."""
    devices = root / "sys/bus/pci/devices"
    devices.mkdir(parents=True, exist_ok=True)
    if any(device.drm for device in machine.others) or machine.gpus:
        put(root / "sys/class/drm/version", "drm 1.1.0 20060810\n")
    card = 0
    for device in machine.others:
        put_all(devices / device.address, _other_files(device))
        if device.driver:
            _bind(root, device.address, device.driver)
        if device.drm:
            _drm(root, devices / device.address, card, None, device.connectors)
            _dev(root, machine, f"card{card}")
            card += 1
    _write_gpus(root, machine)
    if machine.gpus:
        module = {"initstate": "live\n", "refcnt": "0\n"}
        put_all(root / "sys/module/amdgpu", module)
        if machine.driver is not None:
            put(root / "sys/module/amdgpu/version", f"{machine.driver}\n")
        link(root / "sys/module/amdgpu/drivers/pci:amdgpu", root / "sys/bus/pci/drivers/amdgpu")
        if machine.kfd_device is not None:
            _device_file(root / "dev/kfd", machine.kfd_device)


def _write_gpus(root: Path, machine: Machine) -> None:
    xcp = 0
    for gpu, minor in zip(machine.gpus, machine.minors, strict=True):
        folder = root / "sys/bus/pci/devices" / gpu.address
        put_all(folder, {**_gpu_files(machine, gpu), **gpu.files})
        _bind(root, gpu.address, "amdgpu")
        _both(root, machine, folder, minor, gpu.connectors)
        for number in range(1, gpu.model.xcp + 1):
            platform = root / "sys/devices/platform" / machine.xcp_name.format(xcp)
            put(platform / "uevent", "MODALIAS=platform:amdgpu_xcp\n")
            _both(root, machine, platform, minor + number)
            xcp += 1


def _both(root: Path, machine: Machine, device: Path, minor: int, connectors: tuple[str, ...] = ()) -> None:
    """The card and the render node of one device of the driver."""
    card = machine.first_card + minor - FIRST_MINOR
    _drm(root, device, card, minor, connectors)
    _dev(root, machine, f"card{card}")
    _dev(root, machine, f"renderD{minor}")


def _drm(root: Path, device: Path, card: int, minor: int | None, connectors: tuple[str, ...]) -> None:
    for name in (f"card{card}", *([] if minor is None else [f"renderD{minor}"])):
        folder = device / "drm" / name
        put(folder / "dev", f"226:{card if name.startswith('card') else minor}\n")
        link(folder / "device", device)
        link(root / "sys/class/drm" / name, folder)
    for connector in connectors:
        folder = device / f"drm/card{card}/card{card}-{connector}"
        put(folder / "status", "disconnected\n")
        link(root / "sys/class/drm" / folder.name, folder)


def _dev(root: Path, machine: Machine, name: str) -> None:
    if machine.dri is None or name in machine.dri:
        _device_file(root / "dev/dri" / name, machine.render_device)


def _device_file(path: Path, file: DeviceFile) -> None:
    put(path, "")
    path.chmod(file.mode)
    if file.uid is not None or file.gid is not None:
        os.chown(path, -1 if file.uid is None else file.uid, -1 if file.gid is None else file.gid)


def _bind(root: Path, address: str, driver: str) -> None:
    folder = root / "sys/bus/pci/drivers" / driver
    link(root / "sys/bus/pci/devices" / address / "driver", folder)
    link(folder / address, root / "sys/bus/pci/devices" / address)


def _gpu_files(machine: Machine, gpu: Gpu) -> dict[str, str | None]:
    model, host = gpu.model, machine.host
    used = sum(gpu.used(part) for part in range(gpu.slices))
    gtt = host.node_kib * host.nodes * 512 if gpu.gtt_bytes is None else gpu.gtt_bytes
    numbers = {
        "numa_node": gpu.numa_node,
        "mem_info_vram_total": model.vram_bytes,
        "mem_info_vram_used": used,
        "mem_info_vis_vram_total": model.vram_bytes,
        "mem_info_vis_vram_used": used,
        "mem_info_gtt_total": gtt,
        "mem_info_gtt_used": 24 * 1024**2,
        "gpu_busy_percent": gpu.busy_percent,
        "mem_busy_percent": gpu.memory_busy_percent,
    }
    words = {
        "mem_info_vram_vendor": model.vram_vendor,
        "product_name": model.name,
        "unique_id": f"{gpu.unique_id:016x}" if gpu.unique_id else "",
        "current_compute_partition": gpu.compute,
        "available_compute_partition": ", ".join(_available(gpu)) if gpu.compute else "",
        "current_memory_partition": gpu.memory,
        "available_memory_partition": ", ".join(model.memory_modes) if gpu.memory else "",
        "local_cpulist": host.node_cpus(gpu.numa_node) if gpu.numa_node >= 0 else host.all_cpus,
    }
    files: dict[str, str | None] = _identity(
        gpu.address, AMD, model.device_id, model.pci_class, model.revision, (AMD, model.device_id), "amdgpu"
    )
    files |= {name: f"{number}\n" for name, number in numbers.items() if number is not None}
    files |= {name: f"{word}\n" for name, word in words.items() if word}
    if gpu.ecc is not None:
        files["ras/umc_err_count"] = f"ue: {gpu.ecc[0]}\nce: {gpu.ecc[1]}\n"
        files["ras/gpu_vram_bad_pages"] = "".join(f"{page}\n" for page in gpu.bad_pages)
    return files


def _available(gpu: Gpu) -> tuple[str, ...]:
    """The compute modes that go with its memory mode (AMD SMI's documentation of partitions)."""
    some = {"NPS2": ("DPX",), "NPS4": ("QPX", "CPX")}.get(gpu.memory, gpu.model.compute_modes)
    return tuple(mode for mode in gpu.model.compute_modes if mode in some)


def _other_files(device: PciDevice) -> Mapping[str, str | None]:
    files = _identity(
        device.address,
        device.vendor,
        device.device,
        device.pci_class,
        device.revision,
        (device.vendor, device.device),
        device.driver,
    )
    return {**files, "numa_node": "0\n"}


def _identity(
    address: str,
    vendor: int,
    device: int,
    pci_class: int,
    revision: int,
    subsystem: tuple[int, int],
    driver: str | None,
) -> dict[str, str | None]:
    """What every PCI device shows."""
    alias = f"pci:v{vendor:08X}d{device:08X}sv{subsystem[0]:08X}sd{subsystem[1]:08X}"
    alias += f"bc{pci_class >> 16:02X}sc{pci_class >> 8 & 0xFF:02X}i{pci_class & 0xFF:02X}"
    uevent = {
        "DRIVER": driver,
        "PCI_CLASS": f"{pci_class:04X}",
        "PCI_ID": f"{vendor:04X}:{device:04X}",
        "PCI_SUBSYS_ID": f"{subsystem[0]:04X}:{subsystem[1]:04X}",
        "PCI_SLOT_NAME": address,
        "MODALIAS": alias,
    }
    return {
        "vendor": f"0x{vendor:04x}\n",
        "device": f"0x{device:04x}\n",
        "class": f"0x{pci_class:06x}\n",
        "revision": f"0x{revision:02x}\n",
        "subsystem_vendor": f"0x{subsystem[0]:04x}\n",
        "subsystem_device": f"0x{subsystem[1]:04x}\n",
        "modalias": f"{alias}\n",
        "uevent": "".join(f"{name}={value}\n" for name, value in uevent.items() if value is not None),
    }
