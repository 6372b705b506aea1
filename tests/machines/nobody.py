"""Look at a tree as a user who is not root."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from machines.child import in_child

T = TypeVar("T")
NOBODY = 65534


def become(uid: int, groups: tuple[int, ...] = ()) -> None:
    """Be this user and its group from now on. Only root can."""
    os.setgroups(groups)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def as_nobody(function: Callable[[Path], T], root: Path, groups: tuple[int, ...] = ()) -> T:
    """Run `function` in a forked child that is uid and gid 65534, and return what it returns.

    The child gets `root` as a relative path, because a user cannot pass the folders above a temporary
    one, which belong to root alone. What the function raises is raised here. Who is not root has nothing
    to give up: then the child has the user's own id, and `groups` do not count.
    """

    def look() -> T:
        if os.geteuid() != 0:
            os.chdir(root)
            return function(Path())
        root.chmod(0o755)
        os.chdir(root)
        become(NOBODY, groups)
        return function(Path())

    return in_child(look)
