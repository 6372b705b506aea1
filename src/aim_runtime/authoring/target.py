"""The accelerator that a new profile is for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from aim_runtime.errors import HardwareError
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.hardware.devices import BY_MODEL
from aim_runtime.profiles.fit import COUNTS
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType


@dataclass(frozen=True)
class Target:
    """One kind of accelerator.

    `memory_bytes` is what each has, None when not known; `gfx` its architecture, None for a CPU;
    `present` how many there are, None where the user named a machine that is not this one.
    """

    type: AcceleratorType
    model: str
    memory_bytes: int | None
    gfx: str | None = None
    present: int | None = None

    @property
    def counts(self) -> tuple[int, ...]:
        """The counts that may be tried, the fewest first."""
        if self.type is AcceleratorType.CPU:
            return (1,)
        return tuple(count for count in COUNTS if self.present is None or count <= self.present)


def target_of(settings: Settings, hardware: Hardware) -> Target:
    """The accelerator that was named, else the kind that this machine has most of, else its CPU.

    Raises HardwareError where all GPUs of the machine are of models that are not known.
    """
    if not hardware.gpus:
        cpu = hardware.cpu
        return Target(AcceleratorType.CPU, cpu.model or "CPU", cpu.memory_bytes)
    models = Counter(gpu.model for gpu in hardware.gpus if gpu.model)
    if not models:
        names = ", ".join(sorted({gpu.name for gpu in hardware.gpus}))
        raise HardwareError(
            f"{names}: not an accelerator that profiles can be made for",
            hint="name one with --accelerator-model, for example MI300X",
        )
    model = min(models, key=lambda each: (-models[each], each))
    sizes = [gpu.memory_bytes for gpu in hardware.gpus_of(model) if gpu.memory_bytes]
    present = None if settings.accelerator_model else models[model]
    return Target(AcceleratorType.GPU, model, min(sizes, default=None), BY_MODEL[model].gfx, present)
