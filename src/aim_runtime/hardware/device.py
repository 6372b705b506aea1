"""The row of the device table: what is true of every accelerator of one model. Values only.

Named tuples, not dataclasses: every start makes these classes anew, and a dataclass takes eight times as
long to make.
"""

from __future__ import annotations

from typing import NamedTuple

from aim_runtime.vocabulary import Precision, Vendor

MIB = 1024**2


class Variant(NamedTuple):
    """What one PCI id or one revision of it has otherwise than its model; None or empty: nothing."""

    name: str = ""
    memory_mib: int | None = None
    bandwidth_gb_per_s: int | None = None
    compute_units: int | None = None
    model: str = ""


class PciId(NamedTuple):
    """One PCI device id of a model; `virtual` is a function that a host gives to a guest (SR-IOV).

    `revisions` are those that are sold as something of their own.
    """

    number: int
    virtual: bool = False
    variant: Variant = Variant()
    revisions: tuple[tuple[int, Variant], ...] = ()


class Device(NamedTuple):
    """One model.

    `gfx` is the name of the architecture in the vendor's compiler (gfx942, sm_90); `memory_mib` what the
    driver reports for one logical device, None where the system's memory is shared, and where no report
    is known the nominal size; `bandwidth_gb_per_s` its peak memory bandwidth in 10^9 bytes a second.
    `precisions` are those that it multiplies natively; `compute_units` AMD's CUs of one logical device,
    None for NVIDIA. `logical_per_board` is the number of devices the runtime sees for one board as it is
    delivered; `partitions` the modes in which it shows itself as several, with how many; `node_size` the
    number of logical devices in the servers that are sold with it.
    """

    model: str
    name: str
    gfx: str
    memory_mib: int | None
    ids: tuple[PciId, ...]
    bandwidth_gb_per_s: int
    precisions: tuple[Precision, ...]
    compute_units: int | None = None
    vendor: Vendor = Vendor.AMD
    partitions: tuple[tuple[str, int], ...] = ()
    logical_per_board: int = 1
    node_size: int = 1

    @property
    def pci_ids(self) -> tuple[int, ...]:
        return tuple(pci_id.number for pci_id in self.ids)


class Part(NamedTuple):
    """What a PCI id and a revision mean: the model with what its variant changes."""

    device: Device
    name: str
    memory_mib: int | None
    bandwidth_gb_per_s: int
    compute_units: int | None
    virtual: bool = False

    @property
    def model(self) -> str:
        return self.device.model

    @property
    def gfx(self) -> str:
        return self.device.gfx

    @property
    def partitions(self) -> tuple[tuple[str, int], ...]:
        return self.device.partitions


def plain(*numbers: int) -> tuple[PciId, ...]:
    """Ids that change nothing."""
    return tuple(PciId(number) for number in numbers)


def virtual(*numbers: int) -> tuple[PciId, ...]:
    """Ids of virtual functions."""
    return tuple(PciId(number, virtual=True) for number in numbers)


def named(number: int, name: str, *, virtual: bool = False) -> tuple[PciId, ...]:
    """An id that is sold under a name of its own."""
    return (PciId(number, virtual, Variant(name)),)
