"""What this machine has: the declared accelerator first, then each probe in turn, the CPU always."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from aim_runtime.hardware import amd, cpu, declared, nvml, visibility
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.hardware.found import Found, Probe
from aim_runtime.vocabulary import AcceleratorType

# In order of trust. A probe answers None where it cannot look, and the next one is asked.
PROBES: tuple[Probe, ...] = (amd.probe, nvml.probe)
_NOTHING: Mapping[str, str] = MappingProxyType({})


def detect(
    type_: AcceleratorType | None,
    model: str | None,
    count: int | None,
    *,
    root: Path = Path("/"),
    environment: Mapping[str, str] = _NOTHING,
    probes: tuple[Probe, ...] = PROBES,
) -> Hardware:
    """Look at the machine, as far as the user's declaration leaves something to look for.

    /sys, /proc and /dev are looked for below `root`; the variables of `environment` that hide devices
    from the GPU runtime hide them here too. Raises InvalidValue or HardwareError for a declared model
    that is not known.
    """
    processor = cpu.probe(root)
    declared_cpu = cpu.declared(model, processor) if model else None
    part = declared.part_named(model) if model is not None and declared_cpu is None else None
    if type_ is AcceleratorType.CPU or declared_cpu:
        return Hardware((), declared_cpu or processor, declared.SOURCE if declared_cpu else cpu.SOURCE)
    found = _ask(root, probes)
    seen = visibility.view(found.gpus, environment)
    here = Hardware(seen.visible, processor, found.source, hidden=seen.hidden, problems=found.problems)
    if part is None or model is None:
        return here
    same = here.gpus_of(part.model)
    if same and (count is None or count <= len(same)):
        # They are here: what is known of them counts, and the others are not to be used.
        return replace(here, gpus=same, source=f"{declared.SOURCE}; {here.source}")
    gpus = declared.declare(model, count, 0 if count else len(here.gpus))
    return Hardware(gpus, processor, declared.SOURCE, count_declared=count is not None)


def _ask(root: Path, probes: tuple[Probe, ...]) -> Found:
    """The answer of the first probe that sees a GPU made for computing, else of the first that sees any."""
    first: Found | None = None
    problems: tuple[str, ...] = ()
    for probe in probes:
        found = probe(root)
        if found is None:
            continue
        problems += found.problems
        if found.gpus and not all(_integrated(gpu) for gpu in found.gpus):
            return replace(found, problems=problems)
        first = first or (found if found.gpus else None)
    if probes and not problems:
        from aim_runtime.hardware import pci  # only where no probe has seen one

        # A CPU that serves while accelerators lie idle must not be a surprise.
        lost = pci.gpus(root)
        problems = (f"{pci.summary(lost)} on the PCI bus, and no driver shows them",) if lost else ()
    return replace(first or Found((), cpu.SOURCE), problems=problems)


def _integrated(gpu: Accelerator) -> bool:
    return gpu.gpu is not None and gpu.gpu.integrated and gpu.model is None
