"""The builder of machines writes the processor, its users and its limits."""

from __future__ import annotations

import errno
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from machines import (
    MACHINES,
    Cgroup,
    DeviceFile,
    Group,
    Machine,
    as_nobody,
    busy,
    mi300x_cpx_nps4,
    mi300x_spx,
    one_of_eight,
    scratch,
    write,
)
from machines.look import NODES, PCI, bank_bytes, properties

GIB = 1024**3


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as path:
        yield path


def test_what_is_used_is_used_by_somebody(folder: Path) -> None:
    machine = busy(mi300x_spx(), {5: 20 * GIB})
    root = write(machine, folder)
    board = root / PCI / machine.gpus[5].address
    assert (board / "mem_info_vram_used").read_text() == f"{20 * GIB}\n"
    assert (board / "gpu_busy_percent").read_text() == "98\n"
    assert (root / NODES / "7/mem_banks/0/used_memory").read_text() == f"{20 * GIB}\n"
    held = {path.name: path.read_text() for path in (root / "sys/class/kfd/kfd/proc/4242").glob("vram_*")}
    name = f"vram_{(root / NODES / '7/gpu_id').read_text().strip()}"
    assert held.pop(name) == f"{20 * GIB}\n"
    assert list(held.values()) == ["0\n"] * 7
    assert (root / "proc/4242/comm").read_text() == "python3\n"
    hidden = write(busy(mi300x_spx(), {5: 1}, comm=None), folder / "hidden")
    assert not (hidden / "proc/4242").exists()


def test_a_busy_slice_is_part_of_its_board(folder: Path) -> None:
    machine = busy(mi300x_cpx_nps4(), {9: 5 * GIB, 10: GIB})
    root = write(machine, folder)
    idle = 297611264 // 8
    assert [
        int((root / NODES / str(11 + number) / "mem_banks/0/used_memory").read_text()) for number in range(3)
    ] == [5 * GIB, GIB, idle]
    board = root / PCI / machine.gpus[1].address
    assert int((board / "mem_info_vram_used").read_text()) == 6 * GIB + 6 * idle


def errors(root: Path) -> dict[str, list[int]]:
    """By name of file, the error of reading it in each GPU node in turn, 0 for none."""
    found: dict[str, list[int]] = {}
    for name in ("gpu_id", "name", "properties", "mem_banks/0/properties"):
        for node in range(2, 10):
            error = 0
            try:
                (root / NODES / str(node) / name).read_bytes()
            except OSError as caught:
                error = caught.errno or -1
            found.setdefault(name, []).append(error)
    return found


@pytest.mark.skipif(not Path("/proc/1/timerslack_ns").exists(), reason="no file here that answers EPERM")
def test_a_container_may_not_read_the_devices_of_others(folder: Path) -> None:
    root = write(one_of_eight(3), folder)
    refused = [errno.EPERM] * 3 + [0] + [errno.EPERM] * 4
    assert set(map(tuple, as_nobody(errors, root).values())) == {tuple(refused)}
    assert [path.name for path in (root / "dev/dri").iterdir()] == ["renderD152"]
    assert (root / "proc/self/cgroup").read_text() == "0::/\n"
    assert (root / PCI / "0000:05:00.0/vendor").read_text() == "0x1002\n"


def test_a_user_is_refused_a_device_file(folder: Path) -> None:
    machine = replace(mi300x_spx(), kfd_device=DeviceFile(0o000), render_device=DeviceFile(0o666))
    root = write(machine, folder)

    def may(folder: Path) -> tuple[bool, bool]:
        names = (folder / "dev/kfd", folder / "dev/dri/renderD128")
        kfd, render = (os.access(name, os.R_OK | os.W_OK) for name in names)
        return kfd, render

    assert as_nobody(may, root) == (False, True)
    without = write(replace(mi300x_spx(), kfd_device=None), folder / "without")
    assert not (without / "dev/kfd").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_group_of_the_user_opens_a_device_file(folder: Path) -> None:
    machine = replace(mi300x_spx(), kfd_device=DeviceFile(0o660, 0, 44))
    root = write(machine, folder)
    assert (root / "dev/kfd").stat().st_gid == 44

    def may(folder: Path) -> bool:
        return os.access(folder / "dev/kfd", os.R_OK)

    assert not as_nobody(may, root)
    assert as_nobody(may, root, groups=(44,))


class Untravelled(Exception):
    """An error that cannot be pickled."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


def test_what_nobody_returns_and_raises_comes_back(folder: Path) -> None:
    def who(folder: Path) -> tuple[int, bool]:
        return os.geteuid(), folder.is_dir()

    def fails(folder: Path) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone", str(folder))

    def fails_badly(folder: Path) -> None:
        raise Untravelled(why=f"badly {folder}")

    assert as_nobody(who, folder) == (os.geteuid() or 65534, True)
    with pytest.raises(FileNotFoundError, match="gone"):
        as_nobody(fails, folder)
    with pytest.raises(ChildProcessError, match=r"Untravelled: badly \."):
        as_nobody(fails_badly, folder)
    with pytest.raises(ChildProcessError, match="without an answer"):
        as_nobody(lambda _: os._exit(0), folder)


@pytest.mark.parametrize("name", ["8 MI300X SPX", "4 MI300A", "8 MI308X SPX", "Strix Halo", "8 MI300X VF"])
def test_the_host_is_of_one_piece(folder: Path, name: str) -> None:
    host = MACHINES[name]().host
    root = write(MACHINES[name](), folder)
    cpuinfo = (root / "proc/cpuinfo").read_text()
    assert len(re.findall(r"^processor\t: \d+$", cpuinfo, re.MULTILINE)) == host.cpus
    cores = re.findall(r"^physical id\t: (\d+)\n.*\ncore id\t\t: (\d+)$", cpuinfo, re.MULTILINE)
    assert Counter(cores).most_common()[-1][1] == host.threads
    assert len(set(cores)) == host.sockets * host.cores
    cpus: list[int] = []
    for node in range(host.nodes):
        for part in (root / f"sys/devices/system/node/node{node}/cpulist").read_text().split(","):
            first, last = map(int, part.split("-"))
            cpus += range(first, last + 1)
        assert bank_bytes(root, node) == host.node_kib * 1024
        assert properties(root / NODES / str(node))["cpu_cores_count"] == host.cpus // host.nodes
    assert sorted(cpus) == list(range(host.cpus))
    assert f"Cpus_allowed_list:\t0-{host.cpus - 1}\n" in (root / "proc/self/status").read_text()
    meminfo = (root / "proc/meminfo").read_text()
    assert re.search(rf"^MemTotal: +{host.node_kib * host.nodes} kB$", meminfo, re.MULTILINE)


def test_the_limits_of_both_versions_of_control_groups(folder: Path) -> None:
    group = Group("docker/abc", quota_us=250_000, cpus="0-3", memory_max=8 * GIB)
    host = mi300x_spx().host

    def written(version: int) -> Path:
        machine = Machine(replace(host, cgroup=Cgroup(version, "/docker/abc", (Group("docker"), group))))
        return write(machine, folder / str(version)) / "sys/fs/cgroup"

    v1, v2 = written(1), written(2)
    assert (v2 / "docker/cpu.max").read_text() == "max 100000\n"
    assert (v2 / "docker/abc/cpu.max").read_text() == "250000 100000\n"
    assert (v2 / "docker/abc/cpuset.cpus.effective").read_text() == "0-3\n"
    assert (v2 / "docker/abc/memory.max").read_text() == f"{8 * GIB}\n"
    assert not (v2 / "memory.max").exists()
    assert (v1 / "cpu/docker/cpu.cfs_quota_us").read_text() == "-1\n"
    assert (v1 / "cpu/docker/abc/cpu.cfs_quota_us").read_text() == "250000\n"
    assert (v1 / "cpuset/docker/abc/cpuset.cpus").read_text() == "0-3\n"
    assert (v1 / "memory/docker/memory.limit_in_bytes").read_text() == "9223372036854771712\n"
    assert "2:cpuset:/docker/abc\n" in (folder / "1/proc/self/cgroup").read_text()
    assert (folder / "2/proc/self/cgroup").read_text() == "0::/docker/abc\n"


def test_files_of_a_machine_are_written_last(folder: Path) -> None:
    files: dict[str, str | None] = {"sys/module/amdgpu/version": None, f"{NODES}/2/name": "aldebaran\n"}
    root = write(replace(mi300x_spx(), files=files), folder)
    assert not (root / "sys/module/amdgpu/version").exists()
    assert (root / NODES / "2/name").read_text() == "aldebaran\n"
