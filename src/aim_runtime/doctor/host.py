"""The host and its limits: shared memory, open files, pinned memory, processes, the kernel, the user."""

from __future__ import annotations

import os
import pwd
import resource
from collections.abc import Iterator

from aim_runtime.doctor.finding import Finding, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.hardware.cgroup import process_limit
from aim_runtime.hardware.files import text
from aim_runtime.profiles.fit import GIB
from aim_runtime.vocabulary import Vendor

# RCCL needs some of it for each pair of GPUs; docker's own default is 64 MiB.
_SHM_LEAST, _SHM_ENOUGH = GIB, 8 * GIB
_FILES_ENOUGH = 65535
_PROCESSES_ENOUGH = 4096
_SHM_YAML = "volumes: [{name: dshm, emptyDir: {medium: Memory, sizeLimit: 16Gi}}]"
_SHM_MOUNT = "volumeMounts: [{name: dshm, mountPath: /dev/shm}]"


def shared_memory(patient: Patient) -> Iterator[Finding]:
    """What workers of one model speak through."""
    count = len(patient.plan.selection.uses) if patient.plan else len(patient.site.hardware.gpus)
    several = count > 1 and (patient.plan is None or patient.wants_gpu)
    try:
        disk = os.statvfs(patient.root / "dev/shm")
    except OSError as reason:
        if several:
            why = f"the workers of {count} GPUs speak through it"
            yield error("host.shm", f"/dev/shm: {reason.strerror}", why, *_shm_fix())
        return
    if several and not os.access(patient.root / "dev/shm", os.W_OK | os.X_OK):
        seen = f"/dev/shm cannot be written by uid {os.geteuid()}"
        yield error("host.shm", seen, f"the workers of {count} GPUs speak through it", *_shm_fix())
        return
    size = disk.f_blocks * disk.f_frsize
    seen = f"/dev/shm has {size / GIB:.4g} GiB"
    why = f"{count} GPUs exchange data through it: RCCL fails or hangs where it is too small"
    if several and size < _SHM_LEAST:
        yield error("host.shm", seen, why, *_shm_fix())
    elif several and size < _SHM_ENOUGH:
        yield warning("host.shm", seen, why, *_shm_fix())
    else:
        yield ok("host.shm", seen)


def _shm_fix() -> tuple[str, ...]:
    return ("docker run --shm-size 16g …", _SHM_YAML, _SHM_MOUNT)


def limits(patient: Patient) -> Iterator[Finding]:
    """What this process may have open, pin and start."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _FILES_ENOUGH:
        closed = most != resource.RLIM_INFINITY and most < _FILES_ENOUGH
        raised = "sudo prlimit --nofile=65535:65535 --pid $$" if closed else f"ulimit -n {_FILES_ENOUGH}"
        yield warning(
            "host.files",
            f"{files} files and connections may be open at once",
            "each request is one, and each worker needs some",
            "docker run --ulimit nofile=65535:65535 …",
            f"{raised}   # in the shell that starts it",
        )
    else:
        yield ok("host.files", "enough files may be open at once")
    pinned, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if patient.wants_gpu and pinned != resource.RLIM_INFINITY:
        yield warning(
            "host.memlock",
            f"{pinned / 1024**2:.0f} MiB of memory may be pinned",
            "GPUs read the host's memory where it is pinned",
            "docker run --ulimit memlock=-1 …",
            "ulimit -l unlimited   # in the shell that starts it",
        )
    processes = process_limit(patient.root)
    if processes is not None and processes < _PROCESSES_ENOUGH:
        yield warning(
            "host.processes",
            f"{processes} processes and threads may run in this container",
            "the engine starts a few for each core and each GPU",
            "docker run --pids-limit -1 …",
            "podPidsLimit: -1   # in the kubelet's configuration",
        )


def kernel(patient: Patient) -> Iterator[Finding]:
    """Settings of the host that AMD's guides name."""
    gpus = [gpu for gpu in patient.site.hardware.gpus if gpu.gpu and gpu.gpu.vendor is Vendor.AMD]
    ours = [gpu for gpu in gpus if gpu.gpu and not gpu.gpu.integrated]
    balancing = text(patient.root / "proc/sys/kernel/numa_balancing")
    if ours and balancing not in (None, "0"):
        yield warning(
            "host.numa_balancing",
            f"kernel.numa_balancing is {balancing}",
            "the kernel moves memory about while GPUs read it, and they wait",
            "sudo sysctl -w kernel.numa_balancing=0   # on the host",
        )
    elif ours and balancing:
        yield ok("host.numa_balancing", "NUMA balancing is off")
    if ours and text(patient.root / "sys/fs/selinux/enforce") == "1":
        yield warning(
            "host.selinux",
            "SELinux is enforcing",
            "it keeps containers from /dev/kfd, whatever its mode says",
            "sudo setsebool -P container_use_devices=1   # on the host",
            "docker run --security-opt label=disable …",
        )


def user(patient: Patient) -> Iterator[Finding]:
    """A user whom the libraries can cope with: a name, and a home to write to."""
    uid, environment = os.geteuid(), patient.environment
    try:
        pwd.getpwuid(uid)
    except KeyError:
        if not environment.get("USER") or not environment.get("LOGNAME"):
            yield warning(
                "host.user",
                f"uid {uid} has no name here",
                "libraries ask for it when they make their caches, and end with a KeyError",
                "export USER=aim LOGNAME=aim",
            )
    home = environment.get("HOME") or "/"
    if not os.access(home, os.W_OK | os.X_OK):
        yield warning(
            "host.home",
            f"HOME={home} cannot be written by uid {uid}",
            "compilers and libraries keep their caches there",
            "export HOME=/tmp   # or another folder of this user",
        )
    else:
        yield ok("host.home", f"HOME={home} can be written")


def memory(patient: Patient) -> Iterator[Finding]:
    """What the CPU may use, and what limits it."""
    cpu = patient.site.hardware.cpu
    inner = cpu.processor
    if inner is None:
        return
    quota = f", time of {inner.quota:g} cores" if inner.quota is not None else ""
    size = f", {cpu.memory_bytes / GIB:.1f} GiB of memory" if cpu.memory_bytes else ""
    yield note("host.cpu", f"{cpu.name}: {len(inner.cpus)} of {inner.node_cpus} CPUs{quota}{size}")
