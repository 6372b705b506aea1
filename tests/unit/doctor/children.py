"""Children that give up what a test takes away: a user's name, a disk's room."""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from machines.child import in_child
from machines.nobody import become

T = TypeVar("T")
# No user of any image has it.
NAMELESS = 54321
_NEW_MOUNTS, _PRIVATE = 0x20000, 0x40000 | 0x4000  # CLONE_NEWNS; MS_PRIVATE and MS_REC


def as_nameless(function: Callable[[], T]) -> T:
    """Run `function` as a user who is not root and whom /etc/passwd does not have."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")

    # Python loads it when it is first asked for, and its library may be in root's own home.
    codecs.lookup("ascii")

    def drop() -> T:
        become(NAMELESS)
        return function()

    return in_child(drop)


def on_a_disk(folder: Path, options: str, function: Callable[[], T]) -> T:
    """Run `function` with a small file system in memory at `folder`, which nobody else sees.

    The mount is the child's own and ends with it, however it ends.
    """

    def mount() -> tuple[T] | int:
        libc = ctypes.CDLL(None, use_errno=True)
        own = libc.unshare(_NEW_MOUNTS) == 0 and libc.mount(b"none", b"/", None, _PRIVATE, None) == 0
        if not own or libc.mount(b"none", bytes(folder), b"tmpfs", 0, options.encode()) != 0:
            return ctypes.get_errno()
        return (function(),)

    answer = in_child(mount)
    if isinstance(answer, int):
        pytest.skip(f"this user may not mount: {os.strerror(answer)}")
    return answer[0]
