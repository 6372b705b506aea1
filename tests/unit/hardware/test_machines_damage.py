"""Damage to a tree: the same for the same seed, and nowhere else."""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from machines import MACHINES, damage, mi300x_spx, one_of_eight, scratch, write
from machines.damage import DAMAGES


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as path:
        yield path


def content(root: Path) -> dict[str, object]:
    """Everything below a folder: what is in each file, where each link leads, the mode of all."""
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            mode = stat.S_IMODE(path.lstat().st_mode)
            inside = path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
            found[str(path.relative_to(root))] = (mode, inside)
    return found


def written_and_damaged(seed: int, times: int, folder: Path) -> tuple[tuple[str, ...], dict[str, object]]:
    root = write(MACHINES["8 MI300X, two busy"](), folder)
    return damage(root, random.Random(seed), times), content(root)


def test_damage_is_the_same_for_the_same_seed(folder: Path) -> None:
    first = written_and_damaged(7, 20, folder / "first")
    again = written_and_damaged(7, 20, folder / "again")
    other = written_and_damaged(8, 20, folder / "other")
    assert first == again
    assert first[0] != other[0]
    assert len(first[0]) == 20


def test_a_machine_is_written_the_same_twice(folder: Path) -> None:
    assert written_and_damaged(0, 0, folder / "first") == written_and_damaged(0, 0, folder / "again")


def test_damage_stays_below_its_folder(folder: Path) -> None:
    root = write(one_of_eight(0), folder / "root")
    precious = folder / "precious"
    write(mi300x_spx(), precious)
    (root / "out").symlink_to(precious)
    (root / "file").symlink_to(precious / "proc/cpuinfo")
    before, slack = content(precious), Path("/proc/1/timerslack_ns")
    slack_before = slack.read_bytes() if slack.exists() and os.geteuid() == 0 else b""
    assert len(damage(root, random.Random(1), 5000)) > 100
    assert not list(root.iterdir())
    assert content(precious) == before
    assert {path.name for path in folder.iterdir()} == {"precious", "root"}
    if slack_before:
        assert slack.read_bytes() == slack_before


def test_damage_keeps_to_what_it_is_given(folder: Path) -> None:
    root = write(mi300x_spx(), folder)
    done = damage(root, random.Random(1), 50, within=("sys/devices/virtual/kfd/kfd/topology/nodes",))
    assert done
    assert all(text.startswith("sys/devices/virtual/kfd/kfd/topology/nodes") for text in done)


def test_damage_ends_where_nothing_is_left(folder: Path) -> None:
    (folder / "root").mkdir()
    assert damage(folder / "root", random.Random(1), 5) == ()


@pytest.mark.parametrize("kind", DAMAGES)
def test_each_damage_changes_something(kind: str) -> None:
    text = b"heap_type 1\nsize_in_bytes 206141652992\nflags 0\n"
    changed = {DAMAGES[kind](random.Random(seed), text) for seed in range(20)}
    assert changed - {text}


def test_every_kind_of_damage_is_done(folder: Path) -> None:
    root = write(mi300x_spx(), folder)
    within = ("sys/bus/pci/devices/0000:",)  # nothing that takes much along
    done = damage(root, random.Random(2), 600, within)
    kinds = {text.rpartition(": ")[2] for text in done}
    assert kinds == {*DAMAGES, "deleted", "a link to itself", "a folder", "an empty file"}
