"""What a machine is, as far as its /sys, /proc and /dev tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from machines.host import Host

AMD = 0x1002
FIRST_MINOR = 128  # of a render node (linux: drivers/gpu/drm/drm_drv.c)


@dataclass(frozen=True)
class Model:
    """What all GPUs of one kind have in common.

    `properties` are the lines of a whole device's KFD node, in the kernel's order; `vram_bytes` is what
    `mem_info_vram_total` says; `idle_bytes` what the driver itself holds of it; `compute_modes` and
    `memory_modes` are those that the board can be partitioned into; `xcp` is the number of platform
    devices that the driver makes beside the PCI device, whatever the mode.
    """

    name: str
    vram_bytes: int
    properties: Mapping[str, int]
    pci_class: int = 0x120000
    revision: int = 0
    node_name: str = "ip discovery"
    bank_width: int = 8192
    bank_clock: int = 1300
    idle_bytes: int = 283 * 1024**2
    compute_modes: tuple[str, ...] = ()
    memory_modes: tuple[str, ...] = ()
    xcp: int = 0
    vram_vendor: str = "hynix"

    @property
    def device_id(self) -> int:
        return self.properties["device_id"]


@dataclass(frozen=True)
class Gpu:
    """One PCI device, and the KFD nodes that it is split into.

    `location` is bus, device and function in one number, as KFD counts; `slices` the number of its KFD
    nodes; `compute` and `memory` its partition modes, empty where the files are not there; `used_bytes`
    what is used of each slice, none for an idle one; `bank_bytes` what its KFD nodes say they have
    together, None for what sysfs says; the percents are None where the file is absent; `ecc` are the
    uncorrectable and the correctable errors, None without the folder; `mine` are the numbers of the
    slices that this process may use, None for all; `properties` and `files` (of the PCI folder) are
    those in which it differs from its model, and a file that is None is absent.
    """

    model: Model
    location: int
    unique_id: int = 0
    domain: int = 0
    hive: int = 0
    numa_node: int = 0
    slices: int = 1
    compute: str = ""
    memory: str = ""
    used_bytes: tuple[int, ...] = ()
    bank_bytes: int | None = None
    gtt_bytes: int | None = None
    busy_percent: int | None = 0
    memory_busy_percent: int | None = 0
    ecc: tuple[int, int] | None = (0, 0)
    bad_pages: tuple[str, ...] = ()
    mine: tuple[int, ...] | None = None
    connectors: tuple[str, ...] = ()
    properties: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return address(self.domain, self.location)

    def used(self, part: int) -> int:
        """What is used of one slice, in bytes."""
        return self.used_bytes[part] if self.used_bytes else self.model.idle_bytes // self.slices

    @property
    def whole_bytes(self) -> int:
        """The memory of all its KFD nodes together."""
        return self.model.vram_bytes if self.bank_bytes is None else self.bank_bytes


@dataclass(frozen=True)
class Slice:
    """One KFD node: `number` counts the nodes of GPUs from 0, `part` those of one board."""

    gpu: Gpu
    part: int
    number: int
    minor: int

    @property
    def gpu_id(self) -> int:
        """The driver's 16-bit name for it; the first is that of a real MI300X."""
        return (24248 + 7919 * self.number) % 65521

    @property
    def mine(self) -> bool:
        return self.gpu.mine is None or self.part in self.gpu.mine


@dataclass(frozen=True)
class PciDevice:
    """A PCI device that is no AMD GPU with its driver; `drm` when it has a /dev/dri/card."""

    address: str
    vendor: int
    device: int
    pci_class: int
    revision: int = 0
    driver: str | None = None
    drm: bool = False
    connectors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Process:
    """One that uses GPUs: bytes by number of the KFD GPU node; `comm` None when /proc does not show it."""

    pid: int
    comm: str | None
    used_bytes: Mapping[int, int]


@dataclass(frozen=True)
class DeviceFile:
    """Mode and owner of a file in /dev, which is a plain file here; the owner is ours where it is None."""

    mode: int = 0o660
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class Machine:
    """All of it. `gpus` are in the order of their KFD nodes; `others` are on the PCI bus beside them.

    `driver` is the version of the out-of-tree amdgpu, None for the kernel's own, which does not say and
    has no `used_memory`; `new_slices`: each slice has its own unique id, and its number is in the upper
    bits of the location; `dri` are the files of /dev/dri, None for all; `kfd_device` is None where
    /dev/kfd is absent; `files` (paths below the root) are written last, None removes one.
    """

    host: Host
    gpus: tuple[Gpu, ...] = ()
    others: tuple[PciDevice, ...] = ()
    processes: tuple[Process, ...] = ()
    driver: str | None = "6.12.12"
    new_slices: bool = False
    xcp_name: str = "amdgpu_xcp_{}"
    dri: tuple[str, ...] | None = None
    kfd_device: DeviceFile | None = DeviceFile()
    render_device: DeviceFile = DeviceFile()
    files: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def minors(self) -> tuple[int, ...]:
        """The render minor of each GPU's PCI device."""
        steps = [1 + gpu.model.xcp for gpu in self.gpus]
        return tuple(FIRST_MINOR + sum(steps[:index]) for index in range(len(steps)))

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Its KFD nodes of GPUs, in their order."""
        found: list[Slice] = []
        for gpu, minor in zip(self.gpus, self.minors, strict=True):
            found += [Slice(gpu, part, len(found) + part, minor + part) for part in range(gpu.slices)]
        return tuple(found)

    @property
    def first_card(self) -> int:
        """The number of the first GPU's /dev/dri/card: those of other devices come before."""
        return sum(device.drm for device in self.others)


def address(domain: int, location: int) -> str:
    """The PCI address of a KFD location."""
    return f"{domain:04x}:{location >> 8 & 0xFF:02x}:{location >> 3 & 0x1F:02x}.{location & 7}"
