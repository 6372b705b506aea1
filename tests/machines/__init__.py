"""Machines as a kernel shows them: their /sys, /proc and /dev, written into a temporary folder.

    root = write(mi300x_spx(), tmp_path)

writes all files of 8 MI300X; a probe that is given `root` looks below it. What a test can rely on:

- /sys/class/kfd/kfd/topology, /sys/class/drm/{card,renderD}<N>/device and /sys/bus/pci/devices/<address>
  lead to where they lead on a real machine, over relative links;
- the files of /dev are plain empty files with the machine's modes and, as root, owners;
- what the kernel keeps from a container (`owning`, `one_of_eight`) really answers EPERM, but not to
  root: look at it with `as_nobody`;
- what is not written is told by kfd.py; /proc/self is a folder, and /dev/shm is an empty one;
- two writes of one machine are the same.

`MACHINES` has every machine by name, and `dataclasses.replace` makes others of them. `damage` damages a
tree; `look` reads one; who writes hundreds of trees does it in `scratch()`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from machines.cases import (
    busy,
    driver_not_loaded,
    mixed_mi300x_mi325x,
    no_gpu,
    nvidia_only,
    one_of_eight,
    owning,
    strix_halo,
    vf_guest,
    w7900_beside_igpu,
)
from machines.cgroup import Cgroup, Group
from machines.damage import damage
from machines.drm import write_pci
from machines.files import put_all, scratch
from machines.host import Host, write_host
from machines.instinct import (
    mi210,
    mi250x,
    mi300a,
    mi300x_cpx_nps4,
    mi300x_dpx,
    mi300x_qpx_nps4,
    mi300x_spx,
    mi308x_cpx,
    mi308x_spx,
    mi325x,
    mi350x,
    mi355x,
)
from machines.kfd import write_kfd
from machines.nobody import as_nobody
from machines.values import DeviceFile, Gpu, Machine, PciDevice, Process

__all__ = [
    "MACHINES",
    "Cgroup",
    "DeviceFile",
    "Gpu",
    "Group",
    "Host",
    "Machine",
    "PciDevice",
    "Process",
    "as_nobody",
    "busy",
    "damage",
    "driver_not_loaded",
    "mi210",
    "mi250x",
    "mi300a",
    "mi300x_cpx_nps4",
    "mi300x_dpx",
    "mi300x_qpx_nps4",
    "mi300x_spx",
    "mi308x_cpx",
    "mi308x_spx",
    "mi325x",
    "mi350x",
    "mi355x",
    "mixed_mi300x_mi325x",
    "no_gpu",
    "nvidia_only",
    "one_of_eight",
    "owning",
    "scratch",
    "strix_halo",
    "vf_guest",
    "w7900_beside_igpu",
    "write",
]

_GIB = 1024**3
MACHINES: dict[str, Callable[[], Machine]] = {
    "8 MI300X SPX": mi300x_spx,
    "8 MI300X DPX": mi300x_dpx,
    "8 MI300X QPX/NPS4": mi300x_qpx_nps4,
    "8 MI300X CPX/NPS4": mi300x_cpx_nps4,
    "8 MI300X CPX/NPS4, newer driver": partial(mi300x_cpx_nps4, new_slices=True),
    "8 MI308X SPX": mi308x_spx,
    "8 MI308X CPX": mi308x_cpx,
    "8 MI325X": mi325x,
    "8 MI350X": mi350x,
    "8 MI355X": mi355x,
    "8 MI210": mi210,
    "8 MI250X": mi250x,
    "4 MI300A": mi300a,
    "4 MI300A, tiny": partial(mi300a, tiny=True),
    "4 MI300A TPX": partial(mi300a, tpx=True),
    "W7900 beside an iGPU": w7900_beside_igpu,
    "W7900 behind an iGPU": partial(w7900_beside_igpu, igpu_first=True),
    "W7900 beside an iGPU with lent memory": partial(w7900_beside_igpu, lent=True),
    "Strix Halo": strix_halo,
    "Strix Halo, old kernel": partial(strix_halo, old_kernel=True),
    "4 MI300X and 4 MI325X": mixed_mi300x_mi325x,
    "one MI300X of 8": partial(one_of_eight, 3),
    "one CPX slice of 64": lambda: owning(mi300x_cpx_nps4(), 9),
    "8 MI300X VF": vf_guest,
    "1 MI300X VF with modes": partial(vf_guest, 1, modes=True),
    "8 MI300X, two busy": lambda: busy(mi300x_spx(), {0: 150 * _GIB, 5: 20 * _GIB}),
    "no GPU": no_gpu,
    "8 MI300X without a driver": driver_not_loaded,
    "2 H100": nvidia_only,
}


def write(machine: Machine, root: Path) -> Path:
    """Write the whole tree below `root`, an empty or new folder, and return it."""
    usual = os.umask(0o022)  # as the kernel's own files, for all to read
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_host(root, machine.host)
        write_pci(root, machine)
        if machine.gpus:
            write_kfd(root, machine)
        put_all(root, machine.files)
    finally:
        os.umask(usual)
    return root
