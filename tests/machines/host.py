"""The processor, its memory and its kernel, as /proc and /sys/devices/system show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from machines.cgroup import LOGIN, Cgroup, write_cgroup
from machines.files import put, put_all


@dataclass(frozen=True)
class Host:
    """Sockets of `cores` each with `threads` each, evenly split into NUMA `nodes`.

    `kind` is CPU family, model and stepping; `node_kib` the memory of one NUMA node; `allowed` the CPUs
    of the process, all where it is empty; `clock_mhz` what KFD says is the CPU's; `apic_step` the
    distance of the APIC ids of two nodes, 0 where they follow one another; `selinux` the content of
    `enforce`, and `rocm` the version under /opt/rocm, None without; `shm_kib` is the size of /dev/shm.
    """

    name: str
    vendor: str
    kind: tuple[int, int, int]
    sockets: int
    cores: int
    threads: int
    nodes: int
    node_kib: int
    clock_mhz: int
    flags: str
    available_kib: int | None = None
    apic_step: int = 0
    allowed: str = ""
    cgroup: Cgroup = LOGIN
    numa_balancing: str = "0"
    kernel: str = "5.15.0-151-generic"
    selinux: str | None = None
    rocm: str | None = "7.0.0-38"
    shm_kib: int = 64 * 1024**2

    @property
    def cpus(self) -> int:
        """Logical CPUs of the machine."""
        return self.sockets * self.cores * self.threads

    @property
    def all_cpus(self) -> str:
        return f"0-{self.cpus - 1}"

    @property
    def all_nodes(self) -> str:
        return f"0-{self.nodes - 1}" if self.nodes > 1 else "0"

    def node_cpus(self, node: int) -> str:
        """The CPUs of one NUMA node; Linux counts the first thread of all cores, then the second."""
        cores = self.sockets * self.cores
        first = node * cores // self.nodes
        last = (node + 1) * cores // self.nodes - 1
        return ",".join(f"{first + shift}-{last + shift}" for shift in range(0, cores * self.threads, cores))


def write_host(root: Path, host: Host) -> None:
    """Write all of it below `root`."""
    allowed = host.allowed or host.all_cpus
    put(root / "proc/cpuinfo", "".join(_cpuinfo(host, cpu) for cpu in range(host.cpus)))
    put(root / "proc/meminfo", _meminfo(host))
    put(root / "proc/self/status", _status(host, allowed))
    put(root / "proc/mounts", _mounts(host))
    put(root / "proc/sys/kernel/numa_balancing", f"{host.numa_balancing}\n")
    put(root / "proc/sys/kernel/osrelease", f"{host.kernel}\n")
    write_cgroup(root, host.cgroup, host.all_cpus, host.all_nodes)
    system = root / "sys/devices/system"
    put_all(system / "cpu", dict.fromkeys(("possible", "present", "online"), f"{host.all_cpus}\n"))
    put_all(system / "node", dict.fromkeys(("possible", "online", "has_cpu"), f"{host.all_nodes}\n"))
    for node in range(host.nodes):
        distances = (10 if other == node else 32 for other in range(host.nodes))
        put_all(
            system / f"node/node{node}",
            {
                "cpulist": f"{host.node_cpus(node)}\n",
                "distance": f"{' '.join(map(str, distances))}\n",
                "meminfo": "".join(
                    f"Node {node} {name}:{kib:>15} kB\n"
                    for name, kib in (("MemTotal", host.node_kib), ("MemFree", host.node_kib * 9 // 10))
                ),
            },
        )
    (root / "dev/shm").mkdir(parents=True, exist_ok=True)
    if host.selinux is not None:
        put(root / "sys/fs/selinux/enforce", host.selinux)
    if host.rocm is not None:
        put(root / "opt/rocm/.info/version", f"{host.rocm}\n")


def _cpuinfo(host: Host, cpu: int) -> str:
    core = cpu % (host.sockets * host.cores)
    family, model, stepping = host.kind
    fields = {
        "processor\t": cpu,
        "vendor_id\t": host.vendor,
        "cpu family\t": family,
        "model\t\t": model,
        "model name\t": host.name,
        "stepping\t": stepping,
        "cpu MHz\t\t": f"{host.clock_mhz}.000",
        "cache size\t": "1024 KB",
        "physical id\t": core // host.cores,
        "siblings\t": host.cores * host.threads,
        "core id\t\t": core % host.cores,
        "cpu cores\t": host.cores,
        "apicid\t\t": core * host.threads + cpu // (host.sockets * host.cores),
        "fpu\t\t": "yes",
        "flags\t\t": host.flags,
        "address sizes\t": "52 bits physical, 57 bits virtual",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n"


def _meminfo(host: Host) -> str:
    total = host.node_kib * host.nodes
    available = total * 9 // 10 if host.available_kib is None else host.available_kib
    amounts = {
        "MemTotal": total,
        "MemFree": available * 9 // 10,
        "MemAvailable": available,
        "Buffers": 2048,
        "Cached": available // 10,
        "SwapTotal": 0,
        "SwapFree": 0,
    }
    return "".join(f"{name + ':':<16}{kib:>8} kB\n" for name, kib in amounts.items())


def _status(host: Host, allowed: str) -> str:
    fields = {
        "Name": "python3",
        "Umask": "0022",
        "State": "R (running)",
        "Tgid": 1,
        "Pid": 1,
        "PPid": 0,
        "Uid": "0\t0\t0\t0",
        "Gid": "0\t0\t0\t0",
        "Threads": 1,
        "NoNewPrivs": 0,
        "Seccomp": 0,
        "Cpus_allowed_list": allowed,
        "Mems_allowed_list": host.all_nodes,
    }
    return "".join(f"{name}:\t{value}\n" for name, value in fields.items())


def _mounts(host: Host) -> str:
    quiet = "nosuid,nodev,noexec,relatime"
    lines: Iterable[str] = [
        f"sysfs /sys sysfs rw,{quiet} 0 0",
        f"proc /proc proc rw,{quiet} 0 0",
        f"tmpfs /dev/shm tmpfs rw,nosuid,nodev,size={host.shm_kib}k,inode64 0 0",
    ]
    if host.cgroup.version == 2:
        lines = [*lines, f"cgroup2 /sys/fs/cgroup cgroup2 rw,{quiet},nsdelegate 0 0"]
    else:
        options = ("cpu,cpuacct", "cpuset", "memory")
        lines = [*lines, f"tmpfs /sys/fs/cgroup tmpfs ro,{quiet} 0 0"]
        lines += [f"cgroup /sys/fs/cgroup/{name} cgroup rw,{quiet},{name} 0 0" for name in options]
    return "".join(f"{line}\n" for line in lines)
