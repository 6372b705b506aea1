"""Whether this process may open the devices of a GPU: what the runtime needs before it sees any."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from aim_runtime.errors import DeviceClosed
from aim_runtime.hardware.accelerator import Accelerator

KFD = "dev/kfd"


@dataclass(frozen=True)
class Closed:
    """Device files that cannot be opened: their paths, and who may; all None where they are not there."""

    paths: tuple[str, ...]
    owner: int | None = None
    group: int | None = None
    mode: int | None = None

    @property
    def missing(self) -> bool:
        return self.mode is None

    @property
    def words(self) -> str:
        """What is wrong, with the numbers: names of groups differ between a container and its host."""
        first, *more = self.paths
        those = f"{first} and {len(more)} more" if more else first
        they = "they belong" if more else "it belongs"
        if self.owner is None or self.mode is None:
            return f"{those} {'are' if more else 'is'} missing"
        who = f"uid {os.geteuid()}, groups {', '.join(map(str, sorted({os.getegid(), *os.getgroups()})))}"
        return (
            f"{those} cannot be opened: {they} to uid {self.owner}, gid {self.group}, "
            f"mode {self.mode:04o}, and this is {who}"
        )


def closed_to_us(root: Path, gpus: tuple[Accelerator, ...]) -> tuple[Closed, ...]:
    """The device files that AMD GPUs need and this process cannot open: /dev/kfd and the render nodes.

    Those that are closed in one way come as one.
    """
    # AMD's, and here: a declared accelerator is on another machine and has no node.
    ours = [device.gpu for device in gpus if device.gpu and device.gpu.node is not None]
    if not ours:
        return ()
    minors = sorted({gpu.render_minor for gpu in ours if gpu.render_minor})
    paths = [KFD, *(f"dev/dri/renderD{minor}" for minor in minors)]
    found: dict[Closed, list[str]] = {}
    for path in paths:
        if closed := _closed(root, path):
            found.setdefault(replace(closed, paths=()), []).extend(closed.paths)
    return tuple(replace(closed, paths=tuple(paths)) for closed, paths in found.items())


def require(root: Path, gpus: tuple[Accelerator, ...]) -> None:
    """Raise DeviceClosed where an engine on these GPUs would find none: before weights are fetched for it."""
    closed = closed_to_us(root, gpus)
    if closed:
        raise DeviceClosed(
            "; ".join(each.words for each in closed), hint="see how to open it with: aim-runtime doctor"
        )


def groups(root: Path) -> tuple[int, ...]:
    """The groups that the device files of AMD GPUs belong to, but root's; empty where there are none."""
    files = [root / KFD, *(root / "dev/dri").glob("renderD*")]
    return tuple(sorted({file.stat().st_gid for file in files if file.exists()} - {0}))


def _closed(root: Path, path: str) -> Closed | None:
    file = root / path
    try:
        status = file.stat()
    except OSError:
        return Closed((f"/{path}",))
    # Asked of the kernel: it knows of groups, capabilities and access lists what a mode does not say.
    if os.access(file, os.R_OK | os.W_OK):
        return None
    return Closed((f"/{path}",), status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
