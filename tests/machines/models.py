"""The kinds of GPU.

MI300X, MI308X, MI300A and MI210 are as captures of real servers have them; MI325X differs from MI300X in
its id and memory; MI350X, MI355X and MI250X are put together from what is known of them, and so are the
iGPUs, from users' reports.
"""

from __future__ import annotations

from machines import nodes
from machines.values import Model

MIB = 1024**2
_MI300_MODES = ("SPX", "DPX", "QPX", "CPX")
_NPS = ("NPS1", "NPS2", "NPS4")

MI300X = Model(
    "AMD Instinct MI300X OAM",
    206141652992,
    nodes.MI300X,
    0x120000,
    idle_bytes=297611264,
    compute_modes=_MI300_MODES,
    memory_modes=_NPS,
    xcp=7,
)
MI300X_VF = Model(
    "AMD Instinct MI300X VF",
    206141652992,
    {**nodes.MI300X, "device_id": 0x74B5},
    0x120000,
    compute_modes=_MI300_MODES,
    memory_modes=_NPS,
    xcp=7,
)
MI325X = Model(
    "AMD Instinct MI325X OAM",
    262128 * MIB,
    {**nodes.MI300X, "device_id": 0x74A5},
    0x120000,
    compute_modes=_MI300_MODES,
    memory_modes=_NPS,
    xcp=7,
)
MI308X = Model(
    "AMD Instinct MI308X OAM",
    196592 * MIB,
    {
        **nodes.MI300X,
        "simd_count": 320,
        "caches_count": 178,
        "array_count": 16,
        "device_id": 0x74A2,
        "num_sdma_xgmi_engines": 6,
        "simd_id_base": 2147487744,
        "max_engine_clk_fcompute": 1420,
        "fw_version": 149,
        "sdma_fw_version": 19,
        "num_xcc": 4,
    },
    0x120000,
    compute_modes=("SPX", "DPX", "CPX"),
    memory_modes=_NPS,
    xcp=7,
)
# An APU: its memory is the system's, all of it for both.
MI300A = Model(
    "AMD Instinct MI300A",
    512 * MIB,
    {
        **nodes.MI300X,
        "simd_count": 912,
        "caches_count": 470,
        "array_count": 24,
        "device_id": 0x74A0,
        "num_sdma_xgmi_engines": 10,
        "simd_id_base": 2147487744,
        "fw_version": 138,
        "sdma_fw_version": 19,
        "capability": 1013424768,
        "num_xcc": 6,
    },
    0x120000,
    idle_bytes=0,
    compute_modes=("SPX", "TPX", "CPX"),
    memory_modes=("NPS1",),
    xcp=7,
)
MI350X = Model(
    "AMD Instinct MI350X OAM",
    294896 * MIB,
    {**nodes.MI350, "device_id": 0x75A0, "max_engine_clk_fcompute": 2200},
    0x120000,
    bank_clock=2000,
    compute_modes=_MI300_MODES,
    memory_modes=("NPS1", "NPS2"),
    xcp=7,
)
MI355X = Model(
    "AMD Instinct MI355X OAM",
    294896 * MIB,
    {**nodes.MI350, "device_id": 0x75A3, "max_engine_clk_fcompute": 2400},
    0x120000,
    bank_clock=2000,
    compute_modes=_MI300_MODES,
    memory_modes=("NPS1", "NPS2"),
    xcp=7,
)
MI210 = Model(
    "AMD INSTINCT MI210", 65520 * MIB, nodes.MI200, 0x038000, 2, "aldebaran", 4096, 1600, idle_bytes=10 * MIB
)
MI250X_GCD = Model(
    "AMD INSTINCT MI250X",
    65520 * MIB,
    {**nodes.MI200, "simd_count": 440, "device_id": 0x740C},
    0x038000,
    1,
    "aldebaran",
    4096,
    1600,
    idle_bytes=10 * MIB,
)
W7900 = Model(
    "AMD Radeon PRO W7900",
    49136 * MIB,
    nodes.NAVI31,
    0x030000,
    0,
    bank_width=384,
    bank_clock=1125,
    idle_bytes=27 * MIB,
    vram_vendor="samsung",
)
RAPHAEL = Model(
    "",
    512 * MIB,
    {
        **nodes.NAVI31,
        "simd_count": 4,
        "caches_count": 4,
        "array_count": 1,
        "simd_arrays_per_engine": 1,
        "cu_per_simd_array": 2,
        "gfx_target_version": 100306,
        "device_id": 0x164E,
        "num_sdma_engines": 1,
        "max_engine_clk_fcompute": 2200,
        "fw_version": 21,
        "sdma_fw_version": 35,
        "num_gws": 0,
    },
    0x030000,
    0xC5,
    bank_width=128,
    bank_clock=2400,
    idle_bytes=15 * MIB,
    vram_vendor="unknown",
)
STRIX_HALO = Model(
    "",
    512 * MIB,
    {
        **nodes.NAVI31,
        "simd_count": 80,
        "caches_count": 66,
        "array_count": 4,
        "cu_per_simd_array": 10,
        "gfx_target_version": 110501,
        "device_id": 0x1586,
        "num_sdma_engines": 1,
        "max_engine_clk_fcompute": 2900,
        "fw_version": 35,
        "sdma_fw_version": 18,
    },
    0x038000,
    0xC1,
    bank_width=256,
    bank_clock=1000,
    idle_bytes=150 * MIB,
    vram_vendor="unknown",
)
