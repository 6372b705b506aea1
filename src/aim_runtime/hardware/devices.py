"""The one table of accelerators: marketing name to architecture and memory, PCI id to name."""

from __future__ import annotations

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
    by_revision = found.revisions.get(-1 if revision is None else revision, Variant())
    by_id = found.variant
    device = BY_MODEL.get(by_revision.model or by_id.model, device)
    return Part(
        device,
        by_revision.name or by_id.name or device.name,
        by_revision.memory_mib or by_id.memory_mib or device.memory_mib,
        by_revision.bandwidth_gb_per_s or by_id.bandwidth_gb_per_s or device.bandwidth_gb_per_s,
        found.virtual,
    )


def integrated_name(pci_id: int) -> str | None:
    """The name of AMD graphics that share a processor and its memory; None for a card of its own."""
    return INTEGRATED.get(pci_id)
