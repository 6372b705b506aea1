"""What the doctor says of the host: shared memory, limits, the kernel, the user, the CPU."""

from __future__ import annotations

import os
import pwd
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aim_runtime.doctor import host
from aim_runtime.doctor.finding import Finding, Severity
from aim_runtime.hardware.accelerator import Hardware
from machines import Cgroup, Group, as_nobody, mi300x_spx, no_gpu, write
from running import COHERE
from unit.doctor.examine import by_code, found, patient

Tree = Callable[[str], Path]
MIB, GIB = 1024**2, 1024**3
ROOT = os.geteuid() == 0
SAME_USER = pytest.mark.skipif(not ROOT, reason="mounting takes root")


@contextmanager
def mounted(folder: Path, mib: int) -> Iterator[None]:
    """A real file system of that size in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@SAME_USER
@pytest.mark.parametrize(
    ("mib", "env", "severity", "size"),
    [
        (64, {}, Severity.ERROR, "0.0625"),
        (1500, {}, Severity.WARNING, "1.465"),
        (9000, {}, Severity.OK, "8.789"),
        (64, {"AIM_ID": COHERE}, Severity.ERROR, "0.0625"),
        (64, {"AIM_ID": COHERE, "ROCR_VISIBLE_DEVICES": "0"}, Severity.OK, "0.0625"),
        (64, {"AIM_ACCELERATOR_TYPE": "cpu"}, Severity.OK, "0.0625"),
    ],
    ids=["docker's default", "little", "enough", "for the plan", "one GPU needs none", "the CPU needs none"],
)
def test_shared_memory_for_several_gpus(
    mib: int, env: dict[str, str], severity: Severity, size: str, place: Path
) -> None:
    root = write(mi300x_spx(), place)
    with mounted(root / "dev/shm", mib):
        (finding,) = found(root, host.shared_memory, **env)
    assert (finding.code, finding.severity) == ("host.shm", severity)
    assert finding.seen == f"/dev/shm has {size} GiB"
    assert ("docker run --shm-size 16g …" in finding.fix) == (severity is not Severity.OK)


def test_no_shared_memory_at_all(place: Path) -> None:
    root = write(mi300x_spx(), place)
    (root / "dev/shm").rmdir() if (root / "dev/shm").exists() else None
    (finding,) = found(root, host.shared_memory)
    assert (finding.severity, finding.seen) == (Severity.ERROR, "/dev/shm: No such file or directory")
    assert found(root, host.shared_memory, ROCR_VISIBLE_DEVICES="0") == []


@contextmanager
def limited(kind: int, soft: int) -> Iterator[None]:
    """This process with a real limit of its own."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def test_few_open_files(tree: Tree) -> None:
    with limited(resource.RLIMIT_NOFILE, 1024):
        finding = by_code(tree("no GPU"), host.limits)["host.files"]
    assert finding.severity is Severity.WARNING
    assert finding.seen == "1024 files and connections may be open at once"
    assert "docker run --ulimit nofile=65535:65535 …" in finding.fix
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    closed = hard != resource.RLIM_INFINITY and hard < 65535
    assert finding.fix[1].startswith("sudo prlimit" if closed else "ulimit -n 65535")


def test_little_pinned_memory_matters_to_a_gpu_only(tree: Tree) -> None:
    with limited(resource.RLIMIT_MEMLOCK, 8 * MIB):
        on_gpu = by_code(tree("8 MI300X SPX"), host.limits, AIM_ID=COHERE)
        on_cpu = by_code(tree("no GPU"), host.limits)
    finding = on_gpu["host.memlock"]
    assert (finding.severity, finding.seen) == (Severity.WARNING, "8 MiB of memory may be pinned")
    assert finding.fix[0] == "docker run --ulimit memlock=-1 …"
    assert "host.memlock" not in on_cpu


@pytest.mark.parametrize(("most", "expected"), [("512", True), ("100000", False), ("max", False)])
def test_few_processes(most: str, expected: bool, place: Path) -> None:
    machine = no_gpu()
    machine = replace(machine, host=replace(machine.host, cgroup=Cgroup(2, "/", (Group(),))))
    root = write(machine, place)
    (root / "sys/fs/cgroup/pids.max").write_text(f"{most}\n")
    seen = by_code(root, host.limits)
    assert ("host.processes" in seen) == expected
    if expected:
        assert seen["host.processes"].seen == "512 processes and threads may run in this container"
        assert seen["host.processes"].fix[0] == "docker run --pids-limit -1 …"


@pytest.mark.parametrize(
    ("name", "balancing", "selinux", "expected"),
    [
        ("8 MI300X SPX", "0", None, {"host.numa_balancing": Severity.OK}),
        ("8 MI300X SPX", "1", None, {"host.numa_balancing": Severity.WARNING}),
        ("8 MI300X SPX", "2", "0", {"host.numa_balancing": Severity.WARNING}),
        (
            "8 MI300X SPX",
            *("0", "1", {"host.numa_balancing": Severity.OK, "host.selinux": Severity.WARNING}),
        ),
        ("no GPU", "1", "1", {}),
    ],
)
def test_settings_of_the_kernel(
    name: str, balancing: str, selinux: str | None, expected: dict[str, Severity], place: Path
) -> None:
    machine = mi300x_spx() if "MI300X" in name else no_gpu()
    changed = replace(machine.host, numa_balancing=balancing, selinux=selinux)
    seen = by_code(write(replace(machine, host=changed), place), host.kernel)
    assert {code: finding.severity for code, finding in seen.items()} == expected
    if expected.get("host.numa_balancing") is Severity.WARNING:
        assert seen["host.numa_balancing"].seen == f"kernel.numa_balancing is {balancing}"
        assert seen["host.numa_balancing"].fix[0].startswith("sudo sysctl -w kernel.numa_balancing=0")
    if "host.selinux" in expected:
        assert "sudo setsebool -P container_use_devices=1   # on the host" in seen["host.selinux"].fix


def test_a_home_that_can_be_written(tree: Tree, tmp_path: Path) -> None:
    finding = by_code(tree("no GPU"), host.user, HOME=str(tmp_path))["host.home"]
    assert finding.severity is Severity.OK


@pytest.mark.skipif(not ROOT, reason="root can become somebody else")
def test_a_user_without_a_name_or_a_home(place: Path) -> None:
    root = write(no_gpu(), place)
    seen = _as_somebody(root)
    assert seen["host.home"].severity is Severity.WARNING
    assert seen["host.home"].seen == "HOME=/none cannot be written by uid 65534"
    assert seen["host.home"].fix == ("export HOME=/tmp   # or another folder of this user",)


def _as_somebody(root: Path) -> dict[str, Finding]:
    return as_nobody(_user, root)


def _user(root: Path) -> dict[str, Finding]:
    return by_code(root, host.user, HOME="/none")


def test_an_id_that_nobody_has_is_named(tree: Tree) -> None:
    """In a child, which becomes a user that is not in the list of users."""
    if not ROOT:
        pytest.skip("root can become somebody else")
    unused = next(uid for uid in range(60000, 64000) if not _named(uid))
    reader, writer = os.pipe()
    examined = patient(tree("no GPU"), {"HOME": "/"})
    child = os.fork()
    if child == 0:
        os.setuid(unused)
        codes = [finding.code for finding in host.user(examined)]
        os.write(writer, ",".join(codes).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        codes = stream.read().decode()
    os.waitpid(child, 0)
    assert "host.user" in codes.split(",")


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def test_the_cpu_with_what_limits_it(place: Path) -> None:
    machine = no_gpu()
    groups = Cgroup(2, "/", (Group(quota_us=450_000, memory_max=64 * GIB),))
    changed = replace(machine.host, cgroup=groups, allowed="0-7")
    (finding,) = found(write(replace(machine, host=changed), place), host.memory)
    assert (finding.code, finding.severity) == ("host.cpu", Severity.NOTE)
    assert finding.seen == (
        "AMD EPYC 9454 48-Core Processor: 8 of 192 CPUs, time of 4.5 cores, 64.0 GiB of memory"
    )


def test_a_cpu_of_which_nothing_is_known_is_not_spoken_of(tree: Tree) -> None:
    examined = patient(tree("no GPU"), {})
    site = examined.site
    bare = Hardware((), replace(site.hardware.cpu, processor=None), "")
    assert list(host.memory(replace(examined, site=replace(site, hardware=bare)))) == []
