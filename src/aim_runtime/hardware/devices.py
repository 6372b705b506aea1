"""The one table of accelerators: marketing name to architecture and memory, PCI id to name.

Memory is what the driver reports for one logical device (a GCD on MI250X), in MiB; where no report
is known it is the nominal size. Sources: ROCm's hardware specification pages and GPU operator node
rules; observed driver reports.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024**2
AMD_VENDOR_ID = 0x1002


@dataclass(frozen=True)
class Device:
    """What is true of every accelerator of one model.

    `memory_mib` is per logical device, None where the system's memory is shared;
    `logical_per_board` is the number of devices the runtime sees for one board in its default
    partition mode; `node_size` is the number of logical devices in the servers that are sold with it.
    """

    model: str
    name: str
    gfx: str
    memory_mib: int | None
    pci_ids: tuple[int, ...]
    logical_per_board: int = 1
    node_size: int = 1


DEVICES: tuple[Device, ...] = (
    Device("MI100", "AMD Instinct MI100", "gfx908", 32752, (0x7388, 0x738C, 0x738E), node_size=8),
    Device("MI210", "AMD Instinct MI210", "gfx90a", 65520, (0x740F, 0x7410), node_size=8),
    Device(
        "MI250X",
        "AMD Instinct MI250X / MI250",
        "gfx90a",
        65520,
        (0x7408, 0x740C),
        logical_per_board=2,
        node_size=8,
    ),
    Device("MI300A", "AMD Instinct MI300A", "gfx942", 131072, (0x74A0,), node_size=4),
    Device("MI300X", "AMD Instinct MI300X", "gfx942", 196592, (0x74A1, 0x74A9, 0x74B5, 0x74BD), node_size=8),
    Device("MI308X", "AMD Instinct MI308X", "gfx942", 196592, (0x74A2, 0x74A8, 0x74B6, 0x74BC), node_size=8),
    Device("MI325X", "AMD Instinct MI325X", "gfx942", 262128, (0x74A5, 0x74B9), node_size=8),
    Device("MI350X", "AMD Instinct MI350X", "gfx950", 294896, (0x75A0, 0x75B0), node_size=8),
    Device("MI355X", "AMD Instinct MI355X", "gfx950", 294896, (0x75A3, 0x75B3), node_size=8),
    Device("MI350P", "AMD Instinct MI350P", "gfx950", None, (0x75A8, 0x75B8), node_size=8),
    Device("V710", "AMD Radeon PRO V710", "gfx1101", 28672, (0x7460, 0x7461)),
    Device("W7900", "AMD Radeon PRO W7900", "gfx1100", 49136, (0x7448, 0x744A, 0x744B)),
    Device("W7800", "AMD Radeon PRO W7800", "gfx1100", 32768, (0x7449, 0x745E)),
    Device("W6900X", "AMD Radeon Pro W6900X", "gfx1030", 32768, (0x73A2,)),
    Device("W6800", "AMD Radeon PRO W6800", "gfx1030", 32768, (0x73A3,)),
    Device("W6800X", "AMD Radeon Pro W6800X / W6800X Duo", "gfx1030", 32768, (0x73AB,)),
    Device("V620", "AMD Radeon PRO V620", "gfx1030", 32768, (0x73A1, 0x73AE)),
    Device("RX9070", "AMD Radeon RX 9070 / 9070 XT / 9070 GRE", "gfx1201", 16384, (0x7550,)),
    Device("RX9060", "AMD Radeon RX 9060 XT", "gfx1200", 16384, (0x7590,)),
    Device("R9700", "AMD Radeon AI PRO R9700", "gfx1201", 32768, (0x7551,)),
    Device("RX7900", "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "gfx1100", 24560, (0x744C,)),
    Device("RX6900", "AMD Radeon RX 6900 XT", "gfx1030", 16368, (0x73A5, 0x73AF)),
    Device("RX6800", "AMD Radeon RX 6800 / 6800 XT / 6900 XT", "gfx1030", 16368, (0x73BF,)),
    Device("STRIX_HALO", "AMD Ryzen AI MAX (Radeon 8060S/8050S/8040S)", "gfx1151", None, (0x1586,)),
)

BY_MODEL: dict[str, Device] = {device.model: device for device in DEVICES}
BY_PCI_ID: dict[int, Device] = {pci_id: device for device in DEVICES for pci_id in device.pci_ids}
