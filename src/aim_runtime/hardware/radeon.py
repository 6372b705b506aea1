"""AMD Radeon PRO, Radeon and Ryzen AI: rows of the device table, and integrated graphics to leave alone.

Sources: ROCm's hardware specification pages (compute units, memory); AMD's data sheets (bandwidth);
amdgpu.ids and pci.ids (ids, revisions and names). What one id has in several sizes is told apart by the
revision, but for RX 9060 XT, which has 8 or 16 GiB under one.
"""

from __future__ import annotations

from aim_runtime.hardware.device import Device, PciId, Variant, named, plain
from aim_runtime.vocabulary import Precision

_RDNA2 = (Precision.INT8, Precision.FP16, Precision.FP32)
_RDNA3 = (Precision.INT4, Precision.INT8, Precision.FP16, Precision.BF16, Precision.FP32)
_RDNA4 = (Precision.INT4, Precision.INT8, Precision.FP8, Precision.FP16, Precision.BF16, Precision.FP32)


def _by_revision(number: int, variants: dict[int, Variant]) -> tuple[PciId, ...]:
    return (PciId(number, revisions=tuple(variants.items())),)


_V710 = (*plain(0x7460), *named(0x7461, "AMD Radeon PRO V710 MxGPU", virtual=True))
_W7900 = (
    *(*plain(0x7448), *named(0x744A, "AMD Radeon PRO W7900 Dual Slot")),
    *named(0x744B, "AMD Radeon PRO W7900D"),
)
_W7800 = (PciId(0x745E), PciId(0x7449, variant=Variant("AMD Radeon PRO W7800 48GB", 49136, 864)))
_V620 = (*plain(0x73A1), *named(0x73AE, "AMD Radeon PRO V620 MxGPU", virtual=True))
_RX9070 = {
    0xC0: Variant("AMD Radeon RX 9070 XT"),
    0xC2: Variant("AMD Radeon RX 9070 GRE", 12288, 432, 48),
    0xC3: Variant("AMD Radeon RX 9070", compute_units=56),
}
_RX9060 = {
    0xC0: Variant("AMD Radeon RX 9060 XT"),
    0xC1: Variant("AMD Radeon RX 9060 XT LP"),
    0xC7: Variant("AMD Radeon RX 9060", 8192, 288, 28),
}
_R9700 = {
    0xC0: Variant("AMD Radeon AI PRO R9700"),
    0xC1: Variant("AMD Radeon AI PRO R9700S"),
    0xC8: Variant("AMD Radeon AI PRO R9600D", compute_units=48),
}
_RX7900 = {
    0xC8: Variant("AMD Radeon RX 7900 XTX"),
    0xCC: Variant("AMD Radeon RX 7900 XT", 20464, 800, 84),
    0xCE: Variant("AMD Radeon RX 7900 GRE", 16368, 576, 80),
    0xCF: Variant("AMD Radeon RX 7900M", 16368, 576, 72),
}
_RX6900 = (
    PciId(0x73A5, variant=Variant("AMD Radeon RX 6950 XT", bandwidth_gb_per_s=576)),
    PciId(0x73AF, variant=Variant("AMD Radeon RX 6900 XT")),
)
_RX6800 = {
    0xC0: Variant("AMD Radeon RX 6900 XT", model="RX6900"),
    0xC1: Variant("AMD Radeon RX 6800 XT", compute_units=72),
    0xC3: Variant("AMD Radeon RX 6800"),
}
_STRIX_HALO = {
    **dict.fromkeys((0xC1, 0xC3, 0xC6, 0xD1), Variant("AMD Radeon 8060S")),
    **dict.fromkeys((0xC2, 0xC4, 0xD2, 0xD4), Variant("AMD Radeon 8050S", compute_units=32)),
    0xD5: Variant("AMD Radeon 8040S", compute_units=16),
}

RADEON: tuple[Device, ...] = (
    Device("V710", "AMD Radeon PRO V710", "gfx1101", 28672, _V710, 448, _RDNA3, 54),
    Device("W7900", "AMD Radeon PRO W7900", "gfx1100", 49136, _W7900, 864, _RDNA3, 96),
    Device("W7800", "AMD Radeon PRO W7800", "gfx1100", 32768, _W7800, 576, _RDNA3, 70),
    Device("W6900X", "AMD Radeon Pro W6900X", "gfx1030", 32768, plain(0x73A2), 512, _RDNA2, 80),
    Device("W6800", "AMD Radeon PRO W6800", "gfx1030", 32768, plain(0x73A3), 512, _RDNA2, 60),
    # A Duo board carries two functions, each a device of its own.
    Device("W6800X", "AMD Radeon Pro W6800X / W6800X Duo", "gfx1030", 32768, plain(0x73AB), 512, _RDNA2, 60),
    Device("V620", "AMD Radeon PRO V620", "gfx1030", 32768, _V620, 512, _RDNA2, 72),
    Device(
        *("RX9070", "AMD Radeon RX 9070 / 9070 XT / 9070 GRE", "gfx1201", 16384),
        *(_by_revision(0x7550, _RX9070), 640, _RDNA4, 64),
    ),
    Device(
        *("RX9060", "AMD Radeon RX 9060 XT", "gfx1200", 16384),
        *(_by_revision(0x7590, _RX9060), 320, _RDNA4, 32),
    ),
    Device(
        *("R9700", "AMD Radeon AI PRO R9700", "gfx1201", 32768),
        *(_by_revision(0x7551, _R9700), 640, _RDNA4, 64),
    ),
    Device(
        *("RX7900", "AMD Radeon RX 7900 XTX / XT / GRE / 7900M", "gfx1100", 24560),
        *(_by_revision(0x744C, _RX7900), 960, _RDNA3, 96),
    ),
    Device("RX6900", "AMD Radeon RX 6900 XT", "gfx1030", 16368, _RX6900, 512, _RDNA2, 80),
    Device(
        *("RX6800", "AMD Radeon RX 6800 / 6800 XT / 6900 XT", "gfx1030", 16368),
        *(_by_revision(0x73BF, _RX6800), 512, _RDNA2, 60),
    ),
    Device(
        *("STRIX_HALO", "AMD Ryzen AI MAX (Radeon 8060S/8050S/8040S)", "gfx1151", None),
        *(_by_revision(0x1586, _STRIX_HALO), 256, _RDNA3, 40),
    ),
)

# Graphics inside a processor: the driver lists them beside real accelerators.
INTEGRATED: dict[int, str] = {
    0x1114: "AMD Radeon 860M / 840M",
    0x13C0: "AMD Radeon graphics of a Ryzen 9000",
    0x1435: "AMD Custom GPU 0932",
    0x1506: "AMD Radeon 610M",
    0x150E: "AMD Radeon 890M / 880M",
    0x1586: "AMD Radeon 8060S / 8050S / 8040S",
    0x15BF: "AMD Radeon 780M / 760M / 740M",
    0x15C8: "AMD Radeon 740M",
    0x15D8: "AMD Radeon Vega graphics of a Ryzen 3000",
    0x15DD: "AMD Radeon Vega graphics of a Ryzen 2000",
    0x1636: "AMD Radeon graphics of a Ryzen 4000",
    0x1638: "AMD Radeon graphics of a Ryzen 5000",
    0x163F: "AMD Custom GPU 0405",
    0x164C: "AMD Radeon graphics of a Ryzen 5000 (Lucienne)",
    0x164D: "AMD Radeon graphics of a Ryzen 6000",
    0x164E: "AMD Radeon 610M",
    0x1681: "AMD Radeon 680M / 660M",
    0x1900: "AMD Radeon 780M / 760M",
    0x1901: "AMD Radeon 740M",
    0x1902: "AMD Radeon 840M / 820M",
}
