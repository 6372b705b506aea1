"""The models room: which file system a folder is on, as the kernel's table of mounts says."""

from __future__ import annotations

import os
import re
from pathlib import Path

from aim_runtime.models.storage import Medium, medium

MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def kind(folder: Path, mounts: Path = MOUNTS) -> str:
    """Return the type of the file system that `folder` is on, for example ext4, nfs4 or fuse.s3; else ""."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    where = Path(os.path.realpath(folder))
    found, longest = "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        mount = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # Of two mounts at one place, the later one hides the other.
        if len(mount.parts) >= longest and (where == mount or mount in where.parents):
            found, longest = after.split()[0], len(mount.parts)
    return found


def is_network(folder: Path) -> bool:
    """Return whether another machine keeps the files of `folder`.

    It is waited for: dirty pages count against the container, locks may not hold, and reserving room for
    a file may mean writing all of it.
    """
    return medium(kind(folder)) is Medium.NETWORK
