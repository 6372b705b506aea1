"""AMD Instinct: the rows of the device table.

Sources: ROCm's hardware specification pages (architecture, memory, compute units, XCDs; all of MI350P);
AMD's data sheets (bandwidth); the GPU operator's node rules (ids, and which are virtual functions);
amdgpu.ids (names); observed reports of the driver.
"""

from __future__ import annotations

from aim_runtime.hardware.device import Device, named, plain, virtual
from aim_runtime.vocabulary import Precision

_FP4, _FP8, _FP16, _BF16, _FP32, _INT8 = (
    *(Precision.FP4, Precision.FP8, Precision.FP16),
    *(Precision.BF16, Precision.FP32, Precision.INT8),
)
_CDNA2 = (_INT8, _FP16, _BF16, _FP32)
_CDNA3 = (_INT8, _FP8, _FP16, _BF16, _FP32)
_CDNA4 = (_INT8, _FP4, _FP8, _FP16, _BF16, _FP32)
# The compute partition modes with the devices that each makes of a board; CPX: one for each XCD.
_EIGHT = (("SPX", 1), ("DPX", 2), ("QPX", 4), ("CPX", 8))
_FOUR = (("SPX", 1), ("DPX", 2), ("CPX", 4))
_SIX = (("SPX", 1), ("TPX", 3), ("CPX", 6))

# From this micro engine (MEC) firmware on, reclaiming scratch memory and RCCL get on with each other. The
# numbers of other architectures are others: gfx950 is at about 41.
MENDED_IN = ("gfx942", 177)

_MI300X = (
    *(*plain(0x74A1), *named(0x74A9, "AMD Instinct MI300X HF"), *virtual(0x74B5)),
    *named(0x74BD, "AMD Instinct MI300X HF", virtual=True),
)
_MI308X = (
    *(*plain(0x74A2), *named(0x74A8, "AMD Instinct MI308X HF"), *virtual(0x74B6)),
    *named(0x74BC, "AMD Instinct MI308X HF", virtual=True),
)
# The second id is of MI250 too, which has 104 compute units a die and is not told apart.
_MI250X = (*named(0x7408, "AMD Instinct MI250X"), *plain(0x740C))

INSTINCT: tuple[Device, ...] = (
    Device(
        *("MI100", "AMD Instinct MI100", "gfx908", 32752),
        *(plain(0x7388, 0x738C, 0x738E), 1230, _CDNA2, 120),
        node_size=8,
    ),
    Device(
        *("MI210", "AMD Instinct MI210", "gfx90a", 65520),
        *((*plain(0x740F), *virtual(0x7410)), 1640, _CDNA2, 104),
        node_size=8,
    ),
    # A board is two dies, and each of them a device: memory, bandwidth and compute units are of one die.
    Device(
        *("MI250X", "AMD Instinct MI250X / MI250", "gfx90a", 65520, _MI250X, 1640, _CDNA2, 110),
        logical_per_board=2,
        node_size=8,
    ),
    Device(
        *("MI300A", "AMD Instinct MI300A", "gfx942", 131072, plain(0x74A0), 5300, _CDNA3, 228),
        partitions=_SIX,
        node_size=4,
    ),
    Device(
        *("MI300X", "AMD Instinct MI300X", "gfx942", 196592, _MI300X, 5300, _CDNA3, 304),
        partitions=_EIGHT,
        node_size=8,
    ),
    Device(
        *("MI308X", "AMD Instinct MI308X", "gfx942", 196592, _MI308X, 5300, _CDNA3, 80),
        partitions=_FOUR,
        node_size=8,
    ),
    Device(
        *("MI325X", "AMD Instinct MI325X", "gfx942", 262128),
        *((*plain(0x74A5), *virtual(0x74B9)), 6000, _CDNA3, 304),
        partitions=_EIGHT,
        node_size=8,
    ),
    Device(
        *("MI350X", "AMD Instinct MI350X", "gfx950", 294896),
        *((*plain(0x75A0), *virtual(0x75B0)), 8000, _CDNA4, 256),
        partitions=_EIGHT,
        node_size=8,
    ),
    Device(
        *("MI355X", "AMD Instinct MI355X", "gfx950", 294896),
        *((*plain(0x75A3), *virtual(0x75B3)), 8000, _CDNA4, 256),
        partitions=_EIGHT,
        node_size=8,
    ),
    # Half an MI350X on a PCIe card. Which of its partition modes drivers offer is not known.
    Device(
        *("MI350P", "AMD Instinct MI350P", "gfx950", 147456),
        *((*plain(0x75A8), *virtual(0x75B8)), 4000, _CDNA4, 128),
        node_size=8,
    ),
)
