"""Which process listens on a port, as far as this user may see: /proc has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTENS = "0A"  # TCP_LISTEN in the kernel's table (linux: include/net/tcp_states.h)


@dataclass(frozen=True)
class Listener:
    """A process, and the name that the kernel has for it."""

    pid: int
    name: str


def listener(root: Path, port: int) -> Listener | None:
    """Return who listens on a TCP port; None where nobody does, or it is not shown to this user."""
    inodes = {f"socket:[{inode}]" for inode in _inodes(root, port)}
    if not inodes:
        return None
    for folder in sorted((root / "proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        if any(link in inodes for link in _open(folder / "fd")):
            return Listener(int(folder.name), _name(folder))
    return None


def _inodes(root: Path, port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (root / "proc/net" / table).read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTENS and re.search(rf":{port:04X}$", fields[1]):
                yield fields[9]


def _open(folder: Path) -> Iterator[str]:
    """What a process has open; nothing where it is another user's."""
    try:
        for link in folder.iterdir():
            try:
                yield str(link.readlink())
            except OSError:
                continue
    except OSError:
        return


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process"
