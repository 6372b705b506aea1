"""What is examined: the request, the machine, and the plan that came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from aim_runtime.doctor.finding import Finding
from aim_runtime.errors import AimError
from aim_runtime.hardware import pci
from aim_runtime.hardware.accelerator import Accelerator
from aim_runtime.plan import Plan
from aim_runtime.settings import Settings
from aim_runtime.site import Site


@dataclass(frozen=True)
class Patient:
    """Everything that a check may look at.

    `plan` is None where none could be made, and `refusal` says why; both are None where no model was
    named. `root` is the folder below which /sys, /proc and /dev are; `environment` the variables that
    a child process would inherit, secrets among them: a check may use them and never shows them.
    """

    settings: Settings
    site: Site
    plan: Plan | None
    refusal: AimError | None
    root: Path
    environment: Mapping[str, str]

    @cached_property
    def on_bus(self) -> tuple[pci.PciGpu, ...]:
        """The GPUs on the PCI bus, whether or not a driver has them."""
        return pci.gpus(self.root)

    @property
    def gpus(self) -> tuple[Accelerator, ...]:
        """The GPUs that a probe saw here; those that are declared and not here have no address."""
        return tuple(gpu for gpu in self.site.hardware.gpus if gpu.gpu and gpu.gpu.address)

    @property
    def wants_gpu(self) -> bool:
        """Whether `serve` could not do without a GPU here."""
        if self.plan is not None:
            return self.plan.selection.uses[0].gpu is not None
        return self.refusal is not None or self.settings.accelerator_type == "gpu"


# A check looks at one matter and yields what it finds, at least one finding each time it applies.
Check = Callable[[Patient], Iterator[Finding]]
