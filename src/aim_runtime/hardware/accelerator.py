"""What a machine computes with: values without any vendor's library behind them."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.vocabulary import AcceleratorType, Vendor


@dataclass(frozen=True)
class Partition:
    """The slice of a board that one device is: `compute` CPX, DPX, TPX or QPX, `memory` NPS1, NPS4, …

    `memory` is empty where it is not known; `number` counts the slices of one board from 0.
    """

    compute: str
    memory: str
    number: int

    @property
    def mode(self) -> str:
        """The modes in one word, CPX/NPS4."""
        return f"{self.compute}/{self.memory}" if self.memory else self.compute


@dataclass(frozen=True)
class Gpu:
    """What a probe knows of a GPU beyond what every accelerator has; None or empty where it does not.

    `architecture` is the compiler's name (gfx942, sm_90); `address` the PCI address (0000:05:00.0),
    `board` what the slices of one board have in common of it; `unique_id` what the vendor's visibility
    variable takes after `GPU-`; `node` the number of the KFD node and `gpu_id` what the driver calls it;
    `hive` is shared by devices that xGMI connects; `firmware` is the version of the micro engine of
    compute (MEC); `render_minor` the N of /dev/dri/renderD<N>; percents are of the last moments.
    """

    vendor: Vendor
    architecture: str = ""
    pci_id: int | None = None
    revision: int | None = None
    address: str = ""
    board: str = ""
    unique_id: str = ""
    partition: Partition | None = None
    virtual: bool = False
    integrated: bool = False
    compute_units: int | None = None
    firmware: int | None = None
    numa_node: int | None = None
    hive: int | None = None
    render_minor: int | None = None
    node: int | None = None
    gpu_id: int | None = None
    busy_percent: int | None = None
    memory_busy_percent: int | None = None


@dataclass(frozen=True)
class NumaNode:
    """CPUs that have their own memory: the numbers of those that this process may use."""

    number: int
    cpus: tuple[int, ...]
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Processor:
    """What is known of the CPU beyond what every accelerator has.

    `cpus` are the logical CPUs that this process may run on (its affinity, which the cpuset limits);
    `physical_cores` how many cores those are on; `quota` the cores' worth of time that the cgroup
    grants, None without a limit; `node_cpus` the logical CPUs of the whole machine, limits aside;
    `features` the instruction sets that inference asks for, by their names in /proc/cpuinfo.
    """

    vendor: str = ""
    generation: str = ""
    model_number: str = ""
    cpus: tuple[int, ...] = ()
    physical_cores: int | None = None
    quota: float | None = None
    node_cpus: int | None = None
    numa_nodes: tuple[NumaNode, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accelerator:
    """One logical device: a GPU, a GCD, a slice of a board, or all the CPU cores this process may use.

    `index` is the number that the GPU runtime's own visibility variable takes for it; `model` is the
    catalogue's name (`MI300X`, `CPU`), None when the device is not in the table; `memory_bytes` is what
    the device has in total and `free_bytes` what of it nobody uses, None when unknown; `cores` is 0 for
    a GPU; `also` names more general kinds of it that profiles are made for, the nearest first.
    """

    type: AcceleratorType
    index: int
    model: str | None
    name: str
    memory_bytes: int | None
    cores: int = 0
    free_bytes: int | None = None
    also: tuple[str, ...] = ()
    gpu: Gpu | None = None
    processor: Processor | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Every name under which a profile can be for this device, the nearest first."""
        return (*((self.model,) if self.model else ()), *self.also)

    @property
    def partition(self) -> Partition | None:
        """The slice that it is, None for a whole device."""
        return self.gpu.partition if self.gpu else None

    @property
    def kind(self) -> tuple[str, int | None, str]:
        """What devices must share to work as one group: model, memory, partition mode."""
        return (self.model or self.name, self.memory_bytes, self.partition.mode if self.partition else "")


@dataclass(frozen=True)
class Hidden:
    """A device that is there and not to be used, and the variable that says so."""

    device: Accelerator
    by: str


@dataclass(frozen=True)
class Hardware:
    """The accelerators of one machine and the probe that saw them.

    `gpus` are in the order in which the GPU runtime numbers them; `source` says how we know;
    `count_declared` that there are so many because the user said so, and can say otherwise; `hidden`
    are those that a variable of the environment takes away; `problems` what a probe could not read.
    """

    gpus: tuple[Accelerator, ...]
    cpu: Accelerator
    source: str
    count_declared: bool = False
    hidden: tuple[Hidden, ...] = ()
    problems: tuple[str, ...] = ()

    def gpus_of(self, model: str) -> tuple[Accelerator, ...]:
        """Return the GPUs of one model, in order."""
        return tuple(gpu for gpu in self.gpus if gpu.model == model)
