"""What a machine computes with: values without any vendor's library behind them."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.vocabulary import AcceleratorType


@dataclass(frozen=True)
class Accelerator:
    """One logical device: a GPU, a GCD, or all the CPU cores this process may use.

    `model` is the catalogue's name (`MI300X`, `CPU`), None when the device is not in the table;
    `memory_bytes` is what the device has in total, None when unknown; `cores` is 0 for a GPU.
    """

    type: AcceleratorType
    index: int
    model: str | None
    name: str
    memory_bytes: int | None
    cores: int = 0


@dataclass(frozen=True)
class Hardware:
    """The accelerators of one machine and the probe that saw them.

    `gpus` are in the order in which the GPU runtime numbers them; `source` says how we know.
    """

    gpus: tuple[Accelerator, ...]
    cpu: Accelerator
    source: str

    def gpus_of(self, model: str) -> tuple[Accelerator, ...]:
        """Return the GPUs of one model, in order."""
        return tuple(gpu for gpu in self.gpus if gpu.model == model)
