"""What a machine computes with: values without any vendor's library behind them."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.vocabulary import AcceleratorType


@dataclass(frozen=True)
class Accelerator:
    """One logical device: a GPU, a GCD, or all the CPU cores this process may use.

    `model` is the catalogue's name (`MI300X`, `CPU`), None when the device is not in the table;
    `memory_bytes` is what the device has in total and `free_bytes` what of it nobody uses, None when
    unknown; `cores` is 0 for a GPU; `also` names more general kinds of it that profiles are made for,
    the nearest first.
    """

    type: AcceleratorType
    index: int
    model: str | None
    name: str
    memory_bytes: int | None
    cores: int = 0
    free_bytes: int | None = None
    also: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """Every name under which a profile can be for this device, the nearest first."""
        return (*((self.model,) if self.model else ()), *self.also)


@dataclass(frozen=True)
class Hardware:
    """The accelerators of one machine and the probe that saw them.

    `gpus` are in the order in which the GPU runtime numbers them; `source` says how we know;
    `count_declared` that there are so many because the user said so, and can say otherwise.
    """

    gpus: tuple[Accelerator, ...]
    cpu: Accelerator
    source: str
    count_declared: bool = False

    def gpus_of(self, model: str) -> tuple[Accelerator, ...]:
        """Return the GPUs of one model, in order."""
        return tuple(gpu for gpu in self.gpus if gpu.model == model)
