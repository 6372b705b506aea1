"""The processors that the GPUs are found beside."""

from __future__ import annotations

from machines.host import Host

_COMMON = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht "
    "syscall nx pdpe1gb rdtscp lm constant_tsc rep_good nopl nonstop_tsc cpuid pni pclmulqdq ssse3 fma cx16 "
    "sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand lahf_lm abm 3dnowprefetch fsgsbase bmi1 "
    "avx2 smep bmi2 erms rdseed adx smap clflushopt sha_ni xsaveopt xsavec xgetbv1"
)
_AVX512 = "avx512f avx512dq avx512ifma avx512cd avx512bw avx512vl avx512vbmi avx512_vbmi2"
_ZEN3 = f"{_COMMON} svm sse4a misalignsse topoext vaes vpclmulqdq"
_ZEN4 = f"{_ZEN3} {_AVX512} avx512_bf16 avx512_vnni avx512_bitalg avx512_vpopcntdq gfni la57"
_ZEN5 = f"{_ZEN4} avx_vnni avx512_vp2intersect movdiri movdir64b"
_INTEL = f"{_COMMON} vmx {_AVX512} avx512_bf16 avx512_vnni avx512_fp16 amx_bf16 amx_tile amx_int8 avx_vnni"

_AMD, _GIB = "AuthenticAMD", 1024**2  # the latter in KiB
# The memory and the CPUs of a node as the capture of an MI300X server has them.
GENOA = Host("AMD EPYC 9454 48-Core Processor", _AMD, (25, 17, 1), 2, 48, 2, 2, 1056508672, 2750, _ZEN4)
TURIN = Host("AMD EPYC 9575F 64-Core Processor", _AMD, (26, 2, 1), 2, 64, 2, 2, 1132 * _GIB, 5008, _ZEN5)
MILAN = Host("AMD EPYC 7763 64-Core Processor", _AMD, (25, 1, 1), 2, 64, 1, 2, 503 * _GIB, 2450, _ZEN3)
SAPPHIRE_RAPIDS = Host(
    "Intel(R) Xeon(R) Platinum 8480+", "GenuineIntel", (6, 143, 8), 2, 56, 2, 2, 1007 * _GIB, 3800, _INTEL
)
MI300A_HOST = Host(
    "AMD Instinct MI300A Accelerator", _AMD, (25, 144, 1), 4, 24, 2, 4, 128 * _GIB, 3700, _ZEN4, apic_step=64
)
DESKTOP = Host(
    "AMD Ryzen 9 7950X 16-Core Processor",
    _AMD,
    (25, 97, 2),
    1,
    16,
    2,
    1,
    62 * _GIB,
    5881,
    _ZEN4,
    kernel="6.14.0-37-generic",
    rocm="6.4.1-83",
    shm_kib=31 * _GIB,
)
STRIX_HALO_HOST = Host(
    "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S",
    _AMD,
    (26, 112, 0),
    1,
    16,
    2,
    1,
    128671320,
    5187,
    _ZEN5,
    kernel="6.18.3-200.fc43.x86_64",
    rocm=None,
    selinux="1",
    shm_kib=61 * _GIB,
)
GUEST = Host(
    "AMD EPYC 9454 48-Core Processor",
    _AMD,
    (25, 17, 1),
    1,
    24,
    1,
    1,
    235 * _GIB,
    2750,
    f"{_ZEN4} hypervisor",
    kernel="6.8.0-85-generic",
)
