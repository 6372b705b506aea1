"""What this machine has: the declared accelerator first, then each probe in turn, the CPU always."""

from __future__ import annotations

from collections.abc import Callable

from aim_runtime.hardware import cpu, declared, kfd
from aim_runtime.hardware.accelerator import Accelerator, Hardware
from aim_runtime.vocabulary import AcceleratorType

Probe = Callable[[], tuple[Accelerator, ...] | None]
# In order of trust. A probe answers None where it cannot look, and the next one is asked.
PROBES: tuple[tuple[str, Probe], ...] = ((kfd.SOURCE, kfd.probe),)


def detect(
    type_: AcceleratorType | None,
    model: str | None,
    count: int | None,
    probes: tuple[tuple[str, Probe], ...] = PROBES,
) -> Hardware:
    """Look at the machine, as far as the user's declaration leaves something to look for.

    Raises HardwareError for a board that cannot be used as it is, InvalidValue for an unknown model.
    """
    processor = cpu.probe()
    declared_cpu = cpu.declared(model, processor) if model else None
    if model is not None and declared_cpu is None:
        declared.device_named(model)  # a name that is not known is a mistake, also where a CPU is asked for
    if type_ is AcceleratorType.CPU or declared_cpu:
        return Hardware((), declared_cpu or processor, declared.SOURCE if declared_cpu else cpu.SOURCE)
    if model is not None:
        # A probe only counts here, and a machine that cannot be probed is why people declare.
        gpus = declared.declare(model, count, 0 if count else _count(probes))
        return Hardware(gpus, processor, declared.SOURCE, count_declared=count is not None)
    for source, probe in probes:
        seen = probe()
        if seen:
            return Hardware(seen, processor, source)
    return Hardware((), processor, cpu.SOURCE)


def _count(probes: tuple[tuple[str, Probe], ...]) -> int:
    return next((len(gpus) for _, probe in probes if (gpus := probe())), 0)
