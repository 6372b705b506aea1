"""What /proc/cpuinfo says of the processor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.cpulist import parse
from aim_runtime.hardware.files import as_number, text

# What inference engines look for: x86's and Arm's names.
_FEATURES = (
    *("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8"),
    *("asimd", "bf16", "i8mm", "sve"),
)
_AMD = "AuthenticAMD"
# AMD's families and models (linux: bsp_init_amd in arch/x86/kernel/cpu/amd.c); the first that fits counts.
_ZEN = (
    (0x17, 0x00, 0x2F, "Zen"),
    (0x17, 0x50, 0x5F, "Zen"),
    (0x17, 0x30, 0xAF, "Zen 2"),
    (0x19, 0x10, 0x1F, "Zen 4"),
    (0x19, 0x60, 0xAF, "Zen 4"),
    (0x19, 0x00, 0x5F, "Zen 3"),
    (0x1A, 0x00, 0x2F, "Zen 5"),
    (0x1A, 0x40, 0x4F, "Zen 5"),
    (0x1A, 0x60, 0x7F, "Zen 5"),
    (0x1A, 0x50, 0x5F, "Zen 6"),
    (0x1A, 0x80, 0xAF, "Zen 6"),
    (0x1A, 0xC0, 0xCF, "Zen 6"),
)
# 1,024 CPUs with all their flags.
_MOST_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class CpuInfo:
    """`cores` gives each logical CPU its (package, core), None where that is not said (as on Arm)."""

    name: str
    vendor: str
    generation: str
    features: tuple[str, ...]
    cores: dict[int, tuple[int, int] | None]


def read(root: Path) -> CpuInfo:
    """Read it; what is missing or garbled is empty, a processor without a name is `CPU`."""
    try:
        with open(root / "proc/cpuinfo", "rb") as file:  # noqa: PTH123 - as much as is sensible of it
            content = file.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        content = ""
    first: dict[str, str] = {}
    cores: dict[int, tuple[int, int] | None] = {}
    for block in content.split("\n\n"):
        # Of all blocks but the first three lines matter, and splitting the flags is what takes time.
        values = _values(block) if not first else _values(block, ("processor", "physical id", "core id"))
        cpu = as_number(values.get("processor", ""))
        if cpu is None:
            continue
        first = first or values
        package = as_number(values.get("physical id", "")) or 0
        core = as_number(values.get("core id", ""))
        cores[cpu] = None if core is None else (package, core)
    words = frozenset((first.get("flags") or first.get("Features") or "").split())
    vendor = first.get("vendor_id", "")
    return CpuInfo(
        first.get("model name") or "CPU",
        vendor,
        _generation(vendor, first.get("cpu family", ""), first.get("model", "")),
        tuple(name for name in _FEATURES if name in words),
        cores,
    )


def physical_cores(root: Path, info: CpuInfo, cpus: tuple[int, ...]) -> int:
    """How many cores these logical CPUs are on: CPUs that share package and core are threads of one."""
    known = {core for cpu in cpus if (core := info.cores.get(cpu))}
    count, threads = len(known), set[int]()
    for cpu in cpus:
        if info.cores.get(cpu) or cpu in threads:
            continue
        # One file for a core; core_id and physical_package_id would be two for each of its threads.
        siblings = text(root / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        threads.update(parse(siblings or ""))
        count += 1
    return count


def _values(block: str, names: tuple[str, ...] = ()) -> dict[str, str]:
    found = {}
    for line in block.splitlines():
        if names and not line.startswith(names):
            continue
        name, _, value = line.partition(":")
        found[name.strip()] = value.strip()
    return found


def _generation(vendor: str, family: str, model: str) -> str:
    number, kind = as_number(family), as_number(model)
    if vendor != _AMD or number is None or kind is None:
        return ""
    return next((name for of, low, high, name in _ZEN if number == of and low <= kind <= high), "")
