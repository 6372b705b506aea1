"""The one table of accelerators: marketing name to architecture and memory, PCI id to name."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.hardware.device import MIB, Device, Part, PciId, Variant
from aim_runtime.hardware.instinct import INSTINCT
from aim_runtime.hardware.nvidia import NVIDIA
from aim_runtime.hardware.radeon import INTEGRATED, RADEON
from aim_runtime.vocabulary import Vendor

__all__ = ["AMD_VENDOR_ID", "BY_MODEL", "BY_PCI_ID", "DEVICES", "MIB", "NVIDIA_VENDOR_ID", "Device", "Part"]

AMD_VENDOR_ID, NVIDIA_VENDOR_ID = 0x1002, 0x10DE
VENDOR_IDS = {AMD_VENDOR_ID: Vendor.AMD, NVIDIA_VENDOR_ID: Vendor.NVIDIA}

DEVICES: tuple[Device, ...] = (*INSTINCT, *RADEON, *NVIDIA)
BY_MODEL: dict[str, Device] = {device.model: device for device in DEVICES}
# AMD's and NVIDIA's numbers do not meet in this table (a test sees to it), but a vendor is looked at.
BY_PCI_ID: dict[int, Device] = {pci_id: device for device in DEVICES for pci_id in device.pci_ids}
_IDS: dict[int, PciId] = {pci_id.number: pci_id for device in DEVICES for pci_id in device.ids}


def look_up(vendor_id: int, pci_id: int, revision: int | None = None) -> Part | None:
    """Return what the id of a vendor means, None for one that is not in the table.

    Where one id is sold as several things, `revision` tells them apart; without it the model's own
    figures stand.
    """
    device = BY_PCI_ID.get(pci_id)
    if device is None or device.vendor is not VENDOR_IDS.get(vendor_id):
        return None
    found = _IDS[pci_id]
    by_id = found.variant
    by_revision = next((variant for number, variant in found.revisions if number == revision), Variant())
    device = BY_MODEL.get(by_revision.model or by_id.model, device)
    return Part(
        device,
        by_revision.name or by_id.name or device.name,
        by_revision.memory_mib or by_id.memory_mib or device.memory_mib,
        by_revision.bandwidth_gb_per_s or by_id.bandwidth_gb_per_s or device.bandwidth_gb_per_s,
        by_revision.compute_units or by_id.compute_units or device.compute_units,
        found.virtual,
    )


def parts() -> Iterator[Part]:
    """Return everything that the table tells apart: each model, what its ids mean, what revisions mean."""
    for vendor_id, vendor in VENDOR_IDS.items():
        for device in DEVICES:
            if device.vendor is vendor:
                yield whole(device)
                for pci_id in device.ids:
                    revisions = (None, *(number for number, _ in pci_id.revisions))
                    found = (look_up(vendor_id, pci_id.number, revision) for revision in revisions)
                    yield from (part for part in found if part)


def whole(device: Device) -> Part:
    """Return a model as it is where no id says more."""
    return Part(
        *(device, device.name, device.memory_mib, device.bandwidth_gb_per_s, device.compute_units),
    )


def integrated_name(pci_id: int) -> str | None:
    """The name of AMD graphics that share a processor and its memory; None for a card of its own."""
    return INTEGRATED.get(pci_id)
