"""The row of the device table: what is true of every accelerator of one model. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field

from aim_runtime.vocabulary import Precision, Vendor

MIB = 1024**2


@dataclass(frozen=True)
class Variant:
    """What one PCI id or one revision of it has otherwise than its model; None or empty: nothing."""

    name: str = ""
    memory_mib: int | None = None
    bandwidth_gb_per_s: int | None = None
    model: str = ""


@dataclass(frozen=True)
class PciId:
    """One PCI device id of a model; `virtual` is a function that a host gives to a guest (SR-IOV)."""

    number: int
    virtual: bool = False
    variant: Variant = Variant()
    revisions: dict[int, Variant] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Device:
    """One model.

    `gfx` is the name of the architecture in the vendor's compiler; `memory_mib` what the driver reports
    for one logical device, None where the system's memory is shared, and where no report is known the
    nominal size; `bandwidth_gb_per_s` its peak memory bandwidth in 10^9 bytes a second. `precisions`
    are those that it multiplies natively. `logical_per_board` is the number of devices the runtime sees
    for one board as it is delivered; `partitions` the modes in which it shows itself as several, with how
    many; `node_size` the number of logical devices in the servers that are sold with it.
    """

    model: str
    name: str
    gfx: str
    memory_mib: int | None
    ids: tuple[PciId, ...]
    bandwidth_gb_per_s: int | None
    precisions: tuple[Precision, ...]
    vendor: Vendor = Vendor.AMD
    partitions: tuple[tuple[str, int], ...] = ()
    logical_per_board: int = 1
    node_size: int = 1

    @property
    def pci_ids(self) -> tuple[int, ...]:
        return tuple(pci_id.number for pci_id in self.ids)


@dataclass(frozen=True)
class Part:
    """What a PCI id and a revision mean: the model with what its variant changes."""

    device: Device
    name: str
    memory_mib: int | None
    bandwidth_gb_per_s: int | None
    virtual: bool

    @property
    def model(self) -> str:
        return self.device.model

    @property
    def partitions(self) -> tuple[tuple[str, int], ...]:
        return self.device.partitions


def plain(*numbers: int) -> tuple[PciId, ...]:
    """Ids that change nothing."""
    return tuple(PciId(number) for number in numbers)


def virtual(*numbers: int) -> tuple[PciId, ...]:
    """Ids of virtual functions."""
    return tuple(PciId(number, virtual=True) for number in numbers)
