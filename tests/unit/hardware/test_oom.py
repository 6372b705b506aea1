"""The out-of-memory killer's counter: in every arrangement of versions and mounts, and with a real kill."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.hardware.oom import OomCount, memory_limit, oom_count
from machines.files import put_all
from machines.group import small_group

TOP, OWN = "sys/fs/cgroup", "proc/self/cgroup"
V1_FILE = "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n"
V2_FILE = "low 0\nhigh 0\nmax 12\noom 3\noom_kill {}\noom_group_kill 0\n"

TREES: dict[str, tuple[dict[str, str], int | None]] = {
    "nothing": ({}, None),
    "version 2": ({OWN: "0::/\n", f"{TOP}/memory.events": V2_FILE.format(2)}, 2),
    "version 2, the group's own and not its parent's": (
        {
            OWN: "0::/a/b\n",
            f"{TOP}/a/memory.events": V2_FILE.format(9),
            f"{TOP}/a/b/memory.events": V2_FILE.format(1),
        },
        1,
    ),
    "version 2, the path is another namespace's": (
        {OWN: "0::/kubepods/pod7/x\n", f"{TOP}/memory.events": V2_FILE.format(4)},
        4,
    ),
    "version 1": ({OWN: "4:memory:/a\n", f"{TOP}/memory/a/memory.oom_control": V1_FILE.format(3)}, 3),
    "version 1, before the kernel counted": (
        {OWN: "4:memory:/a\n", f"{TOP}/memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n"},
        None,
    ),
    "version 1 beside version 2": (
        {
            OWN: "4:memory:/a\n0::/\n",
            f"{TOP}/unified/cgroup.procs": "",
            f"{TOP}/memory/a/memory.oom_control": V1_FILE.format(7),
        },
        7,
    ),
    "damaged": ({OWN: "0::/\n", f"{TOP}/memory.events": "oom_kill many\n\x00"}, None),
}


@pytest.mark.parametrize(("files", "expected"), TREES.values(), ids=TREES)
def test_the_counter_is_the_groups_own(files: dict[str, str], expected: int | None, place: Path) -> None:
    put_all(place, files)
    assert oom_count(place) == OomCount(expected)


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(1, 3, 2), (1, 1, 0), (3, 1, 0), (None, 3, None), (3, None, None)]
)
def test_what_was_killed_meanwhile(before: int | None, after: int | None, expected: int | None) -> None:
    assert OomCount(after).since(OomCount(before)) == expected


_LIMIT = 128 * 1024**2
# In the group: what was counted, after a child took more than there is, and how that child ended.
_PROGRAM = """
import json, os, subprocess, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from aim_runtime.hardware.oom import memory_limit, oom_count
before = oom_count()
child = subprocess.run([sys.executable, "-c", "bytearray(1 << 30)"])
print(json.dumps([child.returncode, oom_count().since(before), memory_limit()]))
"""


def test_a_real_kill_is_counted() -> None:
    with small_group(_LIMIT) as group:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(group)], capture_output=True, text=True, check=True
        )
    assert json.loads(done.stdout) == [-9, 1, _LIMIT]


def test_the_tightest_limit(place: Path) -> None:
    put_all(
        place,
        {OWN: "0::/a\n", f"{TOP}/memory.max": f"{2 * _LIMIT}\n", f"{TOP}/a/memory.max": f"{_LIMIT}\n"},
    )
    assert memory_limit(place) == _LIMIT
    assert memory_limit(place / "nowhere") is None
