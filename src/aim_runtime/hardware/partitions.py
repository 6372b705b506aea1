"""Which slice of a board a device is: Instinct boards can show themselves as several devices."""

from __future__ import annotations

from aim_runtime.hardware.accelerator import Partition
from aim_runtime.hardware.device import Part
from aim_runtime.hardware.drm import Board

_WHOLE = "SPX"


def of(part: Part | None, xccs: int | None, board: Board, slices: int, number: int) -> Partition | None:
    """Return the slice that a node is, None for a whole board or one that cannot be partitioned.

    `xccs` are the compute dies of the node, `slices` the nodes that are seen of its board, `number` the
    place of this one among them. The driver's word for the mode counts, but not in a virtual machine,
    where it says nothing of the host's; there, and where it is missing, the dies tell.
    """
    modes = dict(part.partitions) if part else {}
    if not modes:
        return None
    mode = "" if part and part.virtual else board.compute_partition
    if mode not in modes:
        mode = _by_dies(modes, xccs) or _by_count(modes, slices)
    return None if mode == _WHOLE else Partition(mode, board.memory_partition, number)


def _by_dies(modes: dict[str, int], xccs: int | None) -> str:
    """The mode in which a device has so many of the board's dies; in CPX each has one."""
    whole = max(modes.values())
    return next((mode for mode, devices in modes.items() if xccs and whole // devices == xccs), "")


def _by_count(modes: dict[str, int], slices: int) -> str:
    """The mode that makes at least so many devices; of some a container may have fewer."""
    enough = [(devices, mode) for mode, devices in modes.items() if devices >= slices]
    return min(enough)[1] if enough else _WHOLE
