"""NVIDIA's rows of the one table of accelerators, held against the published ids and reports."""

from __future__ import annotations

import pytest

from aim_runtime.hardware.devices import DEVICES, NVIDIA_VENDOR_ID, look_up
from aim_runtime.vocabulary import Vendor

# Id, model, name, architecture, MiB as nvidia-smi shows them, GB/s.
NVIDIA = [
    (0x1DB1, "V100", "NVIDIA Tesla V100-SXM2-16GB", "sm_70", 16384, 900),
    (0x1DF5, "V100", "NVIDIA Tesla V100-SXM2-16GB", "sm_70", 16384, 900),
    (0x1DB4, "V100", "NVIDIA Tesla V100-PCIE-16GB", "sm_70", 16384, 900),
    (0x1DB5, "V100", "NVIDIA Tesla V100-SXM2-32GB", "sm_70", 32768, 900),
    (0x1DB6, "V100", "NVIDIA Tesla V100-PCIE-32GB", "sm_70", 32768, 900),
    (0x1DF6, "V100", "NVIDIA Tesla V100S-PCIE-32GB", "sm_70", 32768, 1134),
    (0x1EB8, "T4", "NVIDIA T4", "sm_75", 15360, 320),
    (0x20B0, "A100", "NVIDIA A100-SXM4-40GB", "sm_80", 40960, 1555),
    (0x20F1, "A100", "NVIDIA A100-PCIE-40GB", "sm_80", 40960, 1555),
    (0x20B2, "A100", "NVIDIA A100-SXM4-80GB", "sm_80", 81920, 2039),
    (0x20B5, "A100", "NVIDIA A100 80GB PCIe", "sm_80", 81920, 1935),
    (0x20BD, "A800", "NVIDIA A800-SXM4-40GB", "sm_80", 40960, 1555),
    (0x20F6, "A800", "NVIDIA A800 40GB Active", "sm_80", 40960, 1555),
    (0x20F3, "A800", "NVIDIA A800-SXM4-80GB", "sm_80", 81920, 2039),
    (0x20F5, "A800", "NVIDIA A800 80GB PCIe", "sm_80", 81920, 1935),
    (0x20B7, "A30", "NVIDIA A30", "sm_80", 24576, 933),
    (0x2236, "A10", "NVIDIA A10", "sm_86", 23028, 600),
    (0x2237, "A10G", "NVIDIA A10G", "sm_86", 23028, 600),
    (0x2235, "A40", "NVIDIA A40", "sm_86", 46068, 696),
    (0x27B8, "L4", "NVIDIA L4", "sm_89", 23034, 300),
    (0x26B5, "L40", "NVIDIA L40", "sm_89", 46068, 864),
    (0x26B9, "L40S", "NVIDIA L40S", "sm_89", 46068, 864),
    (0x2329, "H20", "NVIDIA H20", "sm_90", 97871, 4000),
    (0x232C, "H20", "NVIDIA H20-3e", "sm_90", 143771, 4800),
    (0x2330, "H100", "NVIDIA H100 80GB HBM3", "sm_90", 81559, 3350),
    (0x2331, "H100", "NVIDIA H100 PCIe", "sm_90", 81559, 2039),
    (0x2321, "H100", "NVIDIA H100 NVL", "sm_90", 95830, 3938),
    (0x2339, "H100", "NVIDIA H100 SXM5 94GB", "sm_90", 95830, 2396),
    (0x2335, "H200", "NVIDIA H200", "sm_90", 143771, 4800),
    (0x233B, "H200", "NVIDIA H200 NVL", "sm_90", 143771, 4800),
    (0x2342, "GH200", "NVIDIA GH200", "sm_90", 97871, 4000),
    (0x2348, "GH200", "NVIDIA GH200 144G HBM3e", "sm_90", 146831, 4900),
    (0x2901, "B200", "NVIDIA B200", "sm_100", 183359, 8000),
    (0x2941, "GB200", "NVIDIA GB200", "sm_100", 189471, 8000),
    (0x3182, "B300", "NVIDIA B300", "sm_103", 275040, 8000),
]


@pytest.mark.parametrize(
    ("pci_id", "model", "name", "architecture", "memory", "bandwidth"),
    NVIDIA,
    ids=[f"{row[0]:04x}" for row in NVIDIA],
)
def test_every_id_of_nvidia(
    pci_id: int, model: str, name: str, architecture: str, memory: int, bandwidth: int
) -> None:
    part = look_up(NVIDIA_VENDOR_ID, pci_id)
    assert part is not None
    assert (part.model, part.name, part.gfx) == (model, name, architecture)
    assert (part.memory_mib, part.bandwidth_gb_per_s, part.virtual) == (memory, bandwidth, False)
    assert part.device.vendor is Vendor.NVIDIA


def test_the_table_has_no_other_ids_of_nvidia() -> None:
    ours = [pci_id for device in DEVICES if device.vendor is Vendor.NVIDIA for pci_id in device.pci_ids]
    assert sorted(ours) == sorted(row[0] for row in NVIDIA)
