"""The accelerators on the PCI bus, whether or not a driver shows them: to say what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.hardware.device import Part
from aim_runtime.hardware.devices import AMD_VENDOR_ID, VENDOR_IDS, look_up
from aim_runtime.hardware.files import number
from aim_runtime.hardware.radeon import INTEGRATED
from aim_runtime.vocabulary import Vendor

_BUS = "sys/bus/pci/devices"


@dataclass(frozen=True)
class PciGpu:
    """A device of the table on the bus, and the driver that has it, empty for none."""

    address: str
    vendor: Vendor
    part: Part
    driver: str


def gpus(root: Path) -> tuple[PciGpu, ...]:
    """Return the accelerators in the order of their addresses; integrated graphics are left out."""
    try:
        addresses = sorted(path.name for path in (root / _BUS).iterdir())
    except OSError:
        return ()
    found = []
    for address in addresses:
        folder = f"{root}/{_BUS}/{address}"
        vendor_id = number(f"{folder}/vendor")
        if vendor_id not in VENDOR_IDS:
            continue
        pci_id = number(f"{folder}/device") or 0
        part = look_up(vendor_id, pci_id, number(f"{folder}/revision"))
        igpu = vendor_id == AMD_VENDOR_ID and pci_id in INTEGRATED
        if part and not igpu:
            driver = Path(f"{folder}/driver")
            name = driver.readlink().name if driver.is_symlink() else ""
            found.append(PciGpu(address, VENDOR_IDS[vendor_id], part, name))
    return tuple(found)


def summary(found: tuple[PciGpu, ...]) -> str:
    """8 x MI300X."""
    kinds = Counter(gpu.part.model for gpu in found)
    return ", ".join(f"{count} x {model}" for model, count in sorted(kinds.items()))
