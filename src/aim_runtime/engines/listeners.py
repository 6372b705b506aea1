"""Who listens on a port and who is connected to it, as far as this user may see: /proc has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# In the kernel's table of sockets (linux: include/net/tcp_states.h).
_ESTABLISHED, _LISTENS = "01", "0A"


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


def connected(root: Path, port: int) -> frozenset[tuple[str, int]]:
    """Return the far ends of connections to a TCP port here: address, as the kernel writes it, and port.

    A client that has closed its end is not among them.
    """
    ends = (fields[2].partition(":") for fields in _sockets(root, port, _ESTABLISHED))
    return frozenset((address, int(far, 16)) for address, _, far in ends)


def _inodes(root: Path, port: int) -> Iterator[str]:
    for fields in _sockets(root, port, _LISTENS):
        yield fields[9]


def _sockets(root: Path, port: int, state: str) -> Iterator[list[str]]:
    """The rows of the kernel's tables for one port of this machine, in fields."""
    ends = f":{port:04X}"
    for table in ("tcp", "tcp6"):
        try:
            lines = (root / "proc/net" / table).read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == state and fields[1].endswith(ends):
                yield fields


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
