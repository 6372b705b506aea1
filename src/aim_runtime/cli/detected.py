"""The hardware as the list that orchestrators read; docs/hardware.md names every key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aim_runtime.hardware import cpu
from aim_runtime.hardware.accelerator import Accelerator, Gpu, Hardware, Processor
from aim_runtime.hardware.cpulist import written
from aim_runtime.hardware.device import MIB
from aim_runtime.hardware.features import advertised, alike, count
from aim_runtime.hardware.health import Health, examine
from aim_runtime.vocabulary import AcceleratorType, Vendor

# Below these percents of use AMD's runtime calls a GPU idle.
_IDLE_PERCENT = 5


def rows(hardware: Hardware, wanted: Iterable[AcceleratorType]) -> list[dict[str, Any]]:
    """One entry for each kind: type in capitals, model, count."""
    return [
        {
            "accelerator_type": type_.upper(),
            "accelerator_model": model,
            "accelerator_count": count(devices),
        }
        for type_, devices in _kinds(hardware, wanted)
        for model in advertised(devices[0])[:1]
    ]


def verbose_rows(hardware: Hardware, wanted: Iterable[AcceleratorType], root: Path) -> list[dict[str, Any]]:
    """The same with every device and all that is known of it; also of what no table knows."""
    health = examine(root, hardware.gpus) if AcceleratorType.GPU in wanted else {}
    found: list[dict[str, Any]] = []
    for type_, devices in _kinds(hardware, wanted):
        row: dict[str, Any] = {
            "accelerator_type": str(type_),
            "accelerator_model": next(iter(advertised(devices[0])), None),
            "accelerator_count": count(devices),
            "source": hardware.source if type_ is AcceleratorType.GPU else cpu.SOURCE,
        }
        if type_ is AcceleratorType.GPU:
            row["gpu_info"] = [_gpu(device, health.get(device.index, Health())) for device in devices]
        else:
            row |= _cpu(devices[0])
        found.append(row)
    hidden = [{"name": each.device.name, "by": each.by} for each in hardware.hidden]
    if hidden and AcceleratorType.GPU in wanted:
        found.append(
            {"accelerator_type": "gpu", "accelerator_model": None, "accelerator_count": 0, "hidden": hidden}
        )
    return found


def _kinds(
    hardware: Hardware, wanted: Iterable[AcceleratorType]
) -> Iterator[tuple[AcceleratorType, tuple[Accelerator, ...]]]:
    """The devices of each kind, the GPUs first."""
    for type_ in AcceleratorType:
        for devices in alike(hardware, type_) if type_ in wanted else ():
            yield type_, devices


def _gpu(device: Accelerator, health: Health) -> dict[str, Any]:
    """Sizes in MiB under the contract's names, in bytes under ours; None where not known."""
    gpu = device.gpu or Gpu(Vendor.AMD)
    total, free = device.memory_bytes, device.free_bytes
    used = None if total is None or free is None else total - free
    facts = asdict(gpu)
    percents = (gpu.busy_percent, gpu.memory_busy_percent)
    return {
        "device_id": device.index,
        "model": device.model or "UNKNOWN",
        "name": device.name,
        "vram_total": None if total is None else total // MIB,
        "vram_used": None if used is None else used // MIB,
        "vram_free": None if free is None else free // MIB,
        "gfx_utilization": percents[0],
        "mem_utilization": percents[1],
        "is_idle": _is_idle(percents),
        "memory_bytes": total,
        "free_bytes": free,
        **facts,
        "vendor": str(gpu.vendor),
        "pci_id": None if gpu.pci_id is None else f"{gpu.pci_id:#06x}",
        "revision": None if gpu.revision is None else f"{gpu.revision:#04x}",
        "partition": device.partition.mode if device.partition else None,
        "partition_number": device.partition.number if device.partition else None,
        "uncorrectable_memory_errors": health.uncorrectable_errors,
        "pending_bad_pages": health.pending_pages,
        "processes": [asdict(process) for process in health.processes],
    }


def _is_idle(percents: Iterable[int | None]) -> bool | None:
    """None where nothing is known of its use."""
    known = [percent for percent in percents if percent is not None]
    return all(percent <= _IDLE_PERCENT for percent in known) if known else None


def _cpu(device: Accelerator) -> dict[str, Any]:
    processor = device.processor or Processor()
    limited = len(processor.cpus) < (processor.node_cpus or 0)
    cpuset = written(processor.cpus) if limited else None
    return {
        "cpu_cores": device.cores,
        "node_cores": processor.node_cpus,
        "cpuset_bind": cpuset,
        "cpu_info": {
            "vendor": processor.vendor,
            "model": device.name,
            "model_number": processor.model_number or None,
            "generation": processor.generation or None,
            "physical_cores": processor.physical_cores,
            "available_cores": device.cores,
            "cpuset_bind": cpuset,
            "node_cores": processor.node_cpus,
            "quota_cores": processor.quota,
            "memory_bytes": device.memory_bytes,
            "free_bytes": device.free_bytes,
            "features": list(processor.features),
            "profiles_for": list(device.models),
            "numa_nodes": [
                {"number": node.number, "cpus": written(node.cpus), "memory_bytes": node.memory_bytes}
                for node in processor.numa_nodes
            ],
        },
    }
