"""The CPU as an accelerator: the cores and the memory that this process may really use."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aim_runtime.hardware import cgroup, cpuinfo, epyc, numa
from aim_runtime.hardware.accelerator import Accelerator, Processor
from aim_runtime.hardware.cpulist import parse
from aim_runtime.hardware.files import as_number, text
from aim_runtime.vocabulary import AcceleratorType

SOURCE = "the operating system"
MODEL = "CPU"
_MOST_KIB = 1 << 50  # a damaged file says more


def probe(root: Path = Path("/")) -> Accelerator:
    """Return the CPU; `root` is where /proc and /sys are looked for."""
    info = cpuinfo.read(root)
    present = _list(root, "sys/devices/system/cpu/present") or tuple(sorted(info.cores))
    online = _list(root, "sys/devices/system/cpu/online") or tuple(sorted(info.cores)) or present
    cpus = _allowed(root, online)
    quota = cgroup.cpu_quota(root)
    model, *also = epyc.models(info.name, MODEL)
    limits = cgroup.memory_limits(root)
    return Accelerator(
        AcceleratorType.CPU,
        0,
        model,
        info.name,
        _least(_of_machine(root, "MemTotal:"), *(limit.limit_bytes for limit in limits)),
        max(1, min(len(cpus), int(quota) if quota else len(cpus))),
        _least(_of_machine(root, "MemAvailable:"), *(limit.free_bytes for limit in limits)),
        tuple(also),
        processor=Processor(
            info.vendor,
            epyc.generation(info.name) or info.generation,
            epyc.number(info.name),
            cpus,
            cpuinfo.physical_cores(root, info, cpus),
            quota,
            len(present) or None,
            numa.nodes(root, cpus),
            info.features,
        ),
    )


def declared(named: str, seen: Accelerator) -> Accelerator | None:
    """Return the CPU that the user names (`CPU`, `EPYC_ZEN5`, `EPYC 9965`), None for what is not a CPU.

    Of a kind that this machine is not, nothing is known but what profiles it can run.
    """
    if named.casefold() == MODEL.casefold():
        return seen
    number = f"EPYC {named}" if re.fullmatch(r"[89][0-9A-Za-z]{2}[45][A-Za-z]{0,2}", named) else named
    model, *also = epyc.models(number, MODEL)
    if model == MODEL:
        return None
    if model in seen.models:
        return seen
    return Accelerator(AcceleratorType.CPU, 0, model, named, None, also=tuple(also))


def _allowed(root: Path, online: tuple[int, ...]) -> tuple[int, ...]:
    """The logical CPUs that this process may run on: its affinity, which the cpuset limits."""
    status = re.search(r"^Cpus_allowed_list:\s*(\S+)$", text(root / "proc/self/status") or "", re.MULTILINE)
    here = tuple(sorted(os.sched_getaffinity(0)))
    named = parse(status[1]) if status else here if root == Path("/") else ()
    allowed = named or cgroup.cpuset(root)
    # Without a cpuset it names CPUs that are switched off, or that the machine could have and has not.
    running = frozenset(online)
    return tuple(cpu for cpu in allowed if cpu in running) or online or allowed or here


def _list(root: Path, name: str) -> tuple[int, ...]:
    return parse(text(root / name) or "")


def _of_machine(root: Path, name: str) -> int | None:
    for line in (text(root / "proc/meminfo") or "").splitlines():
        words = line.split()
        kib = as_number(words[1]) if words[:1] == [name] and len(words) > 1 else None
        if kib is not None and kib < _MOST_KIB:
            return kib * 1024 or None
    return None


def _least(*sizes: int | None) -> int | None:
    return min((size for size in sizes if size is not None), default=None)
