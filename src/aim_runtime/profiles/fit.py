"""Memory arithmetic: whether the weights alone can fit the accelerators a profile asks for."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024**3


@dataclass(frozen=True)
class Fit:
    """Weights per accelerator against what the engine may use of each, in bytes."""

    weights_bytes: int
    usable_bytes: int

    @property
    def fits(self) -> bool:
        return self.weights_bytes < self.usable_bytes

    def __str__(self) -> str:
        sign = "<" if self.fits else ">"
        return (
            f"weights {self.weights_bytes / GIB:.1f} GiB an accelerator {sign} "
            f"{self.usable_bytes / GIB:.1f} GiB that the engine may use of it"
        )


def fit_weights(
    model_bytes: int | None, memory_bytes: int | None, count: int, utilization: float
) -> Fit | None:
    """Compare the weights, split evenly over `count` accelerators, with their usable memory.

    `utilization` is the engine's share of the memory (vLLM's gpu-memory-utilization). Returns None
    where a size is not known: then nothing is claimed.
    """
    if model_bytes is None or memory_bytes is None:
        return None
    return Fit(model_bytes // count, int(memory_bytes * utilization))
