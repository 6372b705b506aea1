"""Where the control groups of this process are.

A process is in a group for each controller, and every group up to the top of the mount limits it too.
/proc/self/mountinfo says where a controller is mounted and which group is at the top of the mount: in a
container often the container's own. Where the path of /proc/self/cgroup is not below the mount, as it is
another namespace's, the top of the mount is the group.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aim_runtime.hardware.files import text

V2 = ""
_USUAL = "sys/fs/cgroup"
_ESCAPE = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class _Mount:
    """A folder with groups, and the path of the group that is at its top."""

    folder: Path
    top: str = "/"

    def group(self, path: str) -> Path | None:
        """The folder of the group at `path`, None where that is not below this mount."""
        try:
            below = PurePosixPath(path).relative_to(self.top)
        except ValueError:
            return None
        # os.path answers False to whatever is in a damaged path; Path.is_dir raises for some of it.
        found = self.folder / below
        return found if ".." not in below.parts and os.path.isdir(found) else None  # noqa: PTH112


def groups(root: Path, controller: str) -> tuple[Path, ...]:
    """The folders of the groups that limit this process, its own first; V2 is all of version 2."""
    path = _own(root, controller)
    places = (*_mounted(root, controller), *_usual(root, controller))
    mounts = [mount for mount in places if os.path.isdir(mount.folder)]  # noqa: PTH112
    for mount in mounts:
        if own := mount.group(path):
            return (own, *(above for above in own.parents if above.is_relative_to(mount.folder)))
    return (mounts[0].folder,) if mounts else ()


def _own(root: Path, controller: str) -> str:
    """The path of this process's group, / where it cannot be found out."""
    for line in (text(root / "proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if names == controller or (controller != V2 and controller in names.split(",")):
            return f"/{path.lstrip('/')}"
    return "/"


def _mounted(root: Path, controller: str) -> Iterator[_Mount]:
    """The mounts of a controller (format: man 5 proc_pid_mountinfo)."""
    for line in (text(root / "proc/self/mountinfo") or "").splitlines():
        place, _, what = line.partition(" - ")
        words, kind = place.split(), what.split()
        if len(words) < 5 or len(kind) < 3:
            continue
        # The controllers of version 1 are among the options of the mount.
        version_1 = kind[0] == "cgroup" and controller in kind[2].split(",")
        if version_1 or (kind[0] == "cgroup2" and controller == V2):
            top, point = (_ESCAPE.sub(lambda found: chr(int(found[1], 8)), word) for word in words[3:5])
            if ".." not in point.split("/"):
                yield _Mount(root / point.lstrip("/"), top)


def _usual(root: Path, controller: str) -> Iterator[_Mount]:
    """Where systemd and Docker mount it: joined controllers with both of their names."""
    names: tuple[str, ...] = (controller,)
    if controller == V2:
        names = ("unified", "")
    elif controller == "cpu":
        names = ("cpu", "cpu,cpuacct", "cpuacct,cpu")
    return (_Mount(root / _USUAL / name) for name in names)
