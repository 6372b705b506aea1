"""Which space there is for an engine and a kind of accelerator."""

from __future__ import annotations

from collections.abc import Callable

from aim_runtime.errors import HardwareError
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.tune import vllm_cpu, vllm_rocm
from aim_runtime.tune.space import Space
from aim_runtime.vocabulary import AcceleratorType, Vendor

# One row an engine and a kind of accelerator: a new one is a file and a line.
SPACES: dict[tuple[str, AcceleratorType, Vendor | None], Callable[[Accelerator, int], Space]] = {
    ("vllm", AcceleratorType.CPU, None): vllm_cpu.space,
    ("vllm", AcceleratorType.GPU, Vendor.AMD): vllm_rocm.space,
}


def space_for(engine: str, uses: tuple[Accelerator, ...]) -> Space:
    """The space for an engine on the accelerators that a plan uses. Raises HardwareError where none is."""
    device = uses[0]
    found = SPACES.get((engine, device.type, device.gpu.vendor if device.gpu else None))
    if found is None:
        raise HardwareError(
            f"nothing is known of what to vary of {engine} on {device.name}",
            hint="AIM_ACCELERATOR_TYPE=cpu tunes for the CPU of this machine",
        )
    return found(device, len(uses))
