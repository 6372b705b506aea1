"""Machines that detection gets wrong most easily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from machines import hosts, models
from machines.cgroup import Cgroup, Group
from machines.instinct import BMC, MI300X_BOARDS, mi300x_gpus, mi300x_spx
from machines.values import AMD, Gpu, Machine, PciDevice, Process, address

GIB = 1024**3
MIB = 1024**2
# What kernels that lend an APU the system's memory say of it, as users report.
RAPHAEL_GTT = 16377958400
STRIX_HALO_GTT = 120259084288

_W7900_AUDIO = PciDevice("0000:03:00.1", AMD, 0xAB30, 0x040300, driver="snd_hda_intel")
_HOST_BRIDGE = PciDevice("0000:00:00.0", 0x1022, 0x14D8, 0x060000)


def w7900_beside_igpu(igpu_first: bool = False, lent: bool = False) -> Machine:
    """A desktop: KFD lists the iGPU too, with its own 512 MiB, or with memory that is `lent` to it."""
    displays = ("DP-1", "DP-2", "HDMI-A-1")
    board = Gpu(
        models.W7900,
        768,
        11673270660693242239,
        numa_node=-1,
        ecc=None,
        connectors=displays,
        gtt_bytes=RAPHAEL_GTT,
    )
    igpu = Gpu(
        models.RAPHAEL,
        0x7A00,
        numa_node=-1,
        bank_bytes=RAPHAEL_GTT if lent else None,
        gtt_bytes=RAPHAEL_GTT,
        memory_busy_percent=None,
        ecc=None,
        connectors=("HDMI-A-2",),
        files={"product_name": "\n"},
    )
    gpus = (igpu, board) if igpu_first else (board, igpu)
    return Machine(hosts.DESKTOP, gpus, (_HOST_BRIDGE, _W7900_AUDIO), driver=None)


def strix_halo(old_kernel: bool = False) -> Machine:
    """An APU with a carve-out of 512 MiB: an old kernel's KFD knows only of that."""
    gpu = Gpu(
        models.STRIX_HALO,
        0xC600,
        numa_node=-1,
        bank_bytes=None if old_kernel else STRIX_HALO_GTT,
        gtt_bytes=STRIX_HALO_GTT,
        memory_busy_percent=None,
        ecc=None,
        connectors=("DP-1", "eDP-1"),
        files={"product_name": "\n"},
    )
    host = hosts.STRIX_HALO_HOST
    if old_kernel:
        host = replace(host, kernel="6.8.12-300.fc40.x86_64")
    return Machine(host, (gpu,), (_HOST_BRIDGE,), driver=None)


def mixed_mi300x_mi325x() -> Machine:
    """Four of each."""
    gpus = mi300x_gpus()[:4] + mi300x_gpus(models.MI325X)[4:]
    return Machine(hosts.GENOA, gpus, (BMC,))


def owning(machine: Machine, number: int) -> Machine:
    """A container that was given one KFD GPU node (counted from 0) of a machine, and a part of its CPUs.

    All nodes are listed; those of the others answer EPERM, to everybody but root.
    """
    ours = machine.slices[number]
    gpus = tuple(replace(gpu, mine=(ours.part,) if gpu == ours.gpu else ()) for gpu in machine.gpus)
    cpus = machine.host.node_cpus(max(0, ours.gpu.numa_node))
    group = Group(quota_us=1_200_000, cpus=cpus, memory_max=256 * GIB)
    host = replace(machine.host, allowed=cpus, cgroup=Cgroup(2, "/", (group,)), shm_kib=64 * 1024, rocm=None)
    return replace(machine, host=host, gpus=gpus, dri=(f"renderD{ours.minor}",))


def one_of_eight(number: int) -> Machine:
    """A container with one whole MI300X of eight."""
    return owning(mi300x_spx(), number)


def vf_guest(count: int = 8, modes: bool = False) -> Machine:
    """A virtual machine with virtual functions: no percents, and no partition modes or untrue ones."""
    gpus = tuple(
        Gpu(
            models.MI300X_VF,
            (5 + index) << 3,
            MI300X_BOARDS[index][1],
            numa_node=-1,
            compute="SPX" if modes else "",
            memory="UNKNOWN" if modes else "",
            busy_percent=None,
            memory_busy_percent=None,
            ecc=None,
        )
        for index in range(count)
    )
    return Machine(hosts.GUEST, gpus)


def busy(
    machine: Machine, used_bytes: Mapping[int, int], percent: int = 98, comm: str | None = "python3"
) -> Machine:
    """The machine with processes 4242, 4243, … that hold so many bytes of the GPU nodes (counted from 0).

    `comm` is None where /proc does not show them: those of another container.
    """
    slices = machine.slices
    gpus = []
    for gpu in machine.gpus:
        own = [each for each in slices if each.gpu == gpu]
        used = tuple(used_bytes.get(each.number, gpu.used(each.part)) for each in own)
        touched = any(each.number in used_bytes for each in own)
        gpus.append(replace(gpu, used_bytes=used, busy_percent=percent if touched else gpu.busy_percent))
    processes = tuple(
        Process(4242 + index, comm, {number: size})
        for index, (number, size) in enumerate(sorted(used_bytes.items()))
    )
    return replace(machine, gpus=tuple(gpus), processes=processes)


def no_gpu() -> Machine:
    """A server with nothing but the BMC's graphics."""
    return Machine(hosts.GENOA, others=(BMC,))


def driver_not_loaded() -> Machine:
    """8 MI300X on the PCI bus that no driver has taken."""
    boards = tuple(
        PciDevice(address(0, location), AMD, models.MI300X.device_id, 0x120000)
        for location, _ in MI300X_BOARDS
    )
    return Machine(hosts.GENOA, others=(BMC, *boards))


def nvidia_only() -> Machine:
    """Two H100 with their driver."""
    addresses = ("0000:19:00.0", "0000:3b:00.0")
    version = "570.133.20"
    files = {
        "proc/driver/nvidia/version": f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  "
        "Sun Mar 30 22:14:27 UTC 2025\nGCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2~24.04)\n",
        "sys/module/nvidia/version": f"{version}\n",
        "sys/module/nvidia/initstate": "live\n",
        **dict.fromkeys(("dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia0", "dev/nvidia1"), ""),
    }
    for minor, each in enumerate(addresses):
        files[f"proc/driver/nvidia/gpus/{each}/information"] = (
            f"Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 332\n"
            f"GPU UUID: \t GPU-5c3f1a52-8f0e-4a36-9d2e-6f0b3b2a1c0{minor}\n"
            f"Video BIOS: \t 96.00.89.00.01\nBus Type: \t PCIe\nBus Location: \t {each}\n"
            f"Device Minor: \t {minor}\nGPU Firmware: \t {version}\nGPU Excluded:\t No\n"
        )
    others = [PciDevice(each, 0x10DE, 0x2330, 0x030200, 0xA1, "nvidia", drm=True) for each in addresses]
    return Machine(hosts.SAPPHIRE_RAPIDS, others=(BMC, *others), files=files)
