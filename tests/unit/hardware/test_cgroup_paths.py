"""Where the groups of this process are: damaged paths, damaged mounts, groups that are shut."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.hardware import cgroup
from aim_runtime.hardware.cgroup_paths import V2, groups
from machines import as_nobody
from machines.files import put_all

TOP, OWN, INFO = "sys/fs/cgroup", "proc/self/cgroup", "proc/self/mountinfo"


@pytest.mark.parametrize(
    "path", ["/" + "x" * 300, "/a" * 4096, "/a\0b", "../../..", "/a/../..", "\x7f:::", "a"], ids=range(7)
)
@pytest.mark.parametrize("controller", [V2, "memory"])
def test_a_path_that_cannot_be_is_the_top_of_the_mount(path: str, controller: str, place: Path) -> None:
    put_all(place, {OWN: f"0::{path}\n4:memory:{path}\n", f"{TOP}/memory/memory.limit_in_bytes": "1"})
    assert groups(place, controller) == (place / TOP / controller,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        " - ",
        "1 2 3 / /x rw - cgroup2",
        "1 2 - cgroup2 c rw",
        "1 2 3 / /../../etc rw - cgroup2 c rw",
        "-" * 99,
    ],
)
def test_a_garbled_mount_is_passed_over(line: str, place: Path) -> None:
    put_all(place, {INFO: f"{line}\n", f"{TOP}/cpu.max": "400000 100000\n"})
    assert cgroup.cpu_quota(place) == 4.0


def test_no_mount_is_looked_for_outside_the_root(place: Path) -> None:
    put_all(place / "outside", {"cpu.max": "100000 100000\n"})
    put_all(place / "root", {INFO: "1 2 3 / /../outside rw - cgroup2 c rw\n"})
    assert cgroup.cpu_quota(place / "root") is None


def test_a_group_that_may_not_be_entered_limits_as_the_top_does(place: Path) -> None:
    put_all(place, {OWN: "0::/a/b\n", f"{TOP}/cpu.max": "400000 100000\n", f"{TOP}/a/b/cpu.max": "1 1\n"})
    shut = place / TOP / "a"
    shut.chmod(0)
    found = as_nobody(cgroup.cpu_quota, place)
    shut.chmod(0o755)
    assert (found, cgroup.cpu_quota(place)) == (4.0, 1.0)


def test_the_groups_of_this_process_are_groups() -> None:
    found = [group for name in (V2, "cpu", "memory") for group in groups(Path("/"), name)]
    assert all((group / "cgroup.procs").exists() for group in found if group != Path("/") / TOP)
