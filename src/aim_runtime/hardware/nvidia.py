"""NVIDIA's data-centre GPUs: rows of the device table.

Sources: pci.ids and the list of supported chips of NVIDIA's open kernel modules (ids and names); NVIDIA's
data sheets (bandwidth); reports of nvidia-smi (memory, with error correction on where it is so delivered:
that takes a part of what GDDR6 has).
"""

from __future__ import annotations

from aim_runtime.hardware.device import Device, PciId, Variant, plain
from aim_runtime.vocabulary import Precision, Vendor

_FP4, _FP8, _INT8, _INT4 = Precision.FP4, Precision.FP8, Precision.INT8, Precision.INT4
_HALF = (Precision.FP16, Precision.BF16, Precision.FP32)
_VOLTA = (Precision.FP16, Precision.FP32)
_TURING = (_INT4, _INT8, Precision.FP16, Precision.FP32)
_AMPERE = (_INT4, _INT8, *_HALF)
_HOPPER = (_INT8, _FP8, *_HALF)
_ADA = (_INT4, _INT8, _FP8, *_HALF)
_BLACKWELL = (_INT8, _FP4, _FP8, *_HALF)


def _device(
    model: str,
    architecture: str,
    memory_mib: int,
    ids: tuple[PciId, ...],
    bandwidth_gb_per_s: int,
    precisions: tuple[Precision, ...],
    node_size: int = 1,
) -> Device:
    name = f"NVIDIA {model}"
    return Device(
        *(model, name, architecture, memory_mib, ids, bandwidth_gb_per_s, precisions),
        vendor=Vendor.NVIDIA,
        node_size=node_size,
    )


def _id(number: int, name: str, memory_mib: int | None = None, bandwidth: int | None = None) -> PciId:
    return PciId(number, variant=Variant(f"NVIDIA {name}", memory_mib, bandwidth))


_V100 = (
    *(_id(0x1DB1, "Tesla V100-SXM2-16GB"), _id(0x1DF5, "Tesla V100-SXM2-16GB")),
    *(_id(0x1DB4, "Tesla V100-PCIE-16GB"), _id(0x1DB5, "Tesla V100-SXM2-32GB", 32768)),
    *(_id(0x1DB6, "Tesla V100-PCIE-32GB", 32768), _id(0x1DF6, "Tesla V100S-PCIE-32GB", 32768, 1134)),
)
_A100 = (
    *(_id(0x20B0, "A100-SXM4-40GB", 40960, 1555), _id(0x20F1, "A100-PCIE-40GB", 40960, 1555)),
    *(_id(0x20B2, "A100-SXM4-80GB"), _id(0x20B5, "A100 80GB PCIe", bandwidth=1935)),
)
_A800 = (
    *(_id(0x20BD, "A800-SXM4-40GB", 40960, 1555), _id(0x20F6, "A800 40GB Active", 40960, 1555)),
    *(_id(0x20F3, "A800-SXM4-80GB"), _id(0x20F5, "A800 80GB PCIe", bandwidth=1935)),
)
_H20 = (_id(0x2329, "H20"), _id(0x232C, "H20-3e", 143771, 4800))
_H100 = (
    *(_id(0x2330, "H100 80GB HBM3"), _id(0x2331, "H100 PCIe", bandwidth=2039)),
    *(_id(0x2321, "H100 NVL", 95830, 3938), _id(0x2339, "H100 SXM5 94GB", 95830, 2396)),
)
_H200 = (_id(0x2335, "H200"), _id(0x233B, "H200 NVL"))
_GH200 = (PciId(0x2342), _id(0x2348, "GH200 144G HBM3e", 146831, 4900))

NVIDIA: tuple[Device, ...] = (
    _device("V100", "sm_70", 16384, _V100, 900, _VOLTA, 8),
    _device("T4", "sm_75", 15360, plain(0x1EB8), 320, _TURING),
    _device("A100", "sm_80", 81920, _A100, 2039, _AMPERE, 8),
    _device("A800", "sm_80", 81920, _A800, 2039, _AMPERE, 8),
    _device("A30", "sm_80", 24576, plain(0x20B7), 933, _AMPERE),
    _device("A10", "sm_86", 23028, plain(0x2236), 600, _AMPERE),
    _device("A10G", "sm_86", 23028, plain(0x2237), 600, _AMPERE),
    _device("A40", "sm_86", 46068, plain(0x2235), 696, _AMPERE),
    _device("L4", "sm_89", 23034, plain(0x27B8), 300, _ADA),
    _device("L40", "sm_89", 46068, plain(0x26B5), 864, _ADA),
    _device("L40S", "sm_89", 46068, plain(0x26B9), 864, _ADA),
    _device("H20", "sm_90", 97871, _H20, 4000, _HOPPER, 8),
    _device("H100", "sm_90", 81559, _H100, 3350, _HOPPER, 8),
    _device("H200", "sm_90", 143771, _H200, 4800, _HOPPER, 8),
    _device("GH200", "sm_90", 97871, _GH200, 4000, _HOPPER),
    _device("B200", "sm_100", 183359, plain(0x2901), 8000, _BLACKWELL, 8),
    _device("GB200", "sm_100", 189471, plain(0x2941), 8000, _BLACKWELL, 4),
    _device("B300", "sm_103", 275040, plain(0x3182), 8000, _BLACKWELL, 8),
)
