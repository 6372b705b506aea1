"""The models room: one fetch of a model among several processes that may want it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aim_runtime.errors import ModelError
from aim_runtime.models.cache import Cache
from aim_runtime.models.capabilities import Capabilities, file_system, probe, require
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.lease import Taken, held
from aim_runtime.models.staging import clean, how_far, own_place, staged
from aim_runtime.models.watch import USUAL, Timing

T = TypeVar("T")
# So often is a lease believed in that others take away; then this process goes on without one.
_TURNS = 3


def in_turn(
    cache: Cache,
    model_id: str,
    is_whole: Callable[[], bool],
    work: Callable[[Path, Report], T],
    report: Report,
    timing: Timing = USUAL,
) -> T | None:
    """Do `work` in a folder of its own while no other process fetches the model; None if one just did.

    A process that was stopped for so long that another took over yields to it: its folder is the other's
    now, so to go on would be to fetch everything again, which the other is doing already.
    """
    place = own_place(cache.staging(model_id))
    can = probe(place)
    require(can, cache.root)
    _tell(can, place, report)
    for turn in range(_TURNS + 1):
        with held(
            cache.lock(model_id),
            model_id,
            report,
            flock_works=can.flock,
            exclusive=can.exclusive_create and turn < _TURNS,
            others=lambda: how_far(place),
            timing=timing,
        ) as lease:
            if is_whole():
                clean(place, timing, flock_works=can.flock)
                return None
            with staged(place, lease, timing, flock_works=can.flock) as folder:
                try:
                    done = work(folder, lease.checked(report))
                except (Taken, OSError, ModelError):
                    if turn == _TURNS or not (lease.was_taken or not folder.is_dir()):
                        raise
                    report(Notice(f"another process took over fetching {model_id} from this one"))
                    continue
            clean(place, timing, flock_works=can.flock)
            return done
    raise AssertionError("unreachable")


def _tell(can: Capabilities, place: Path, report: Report) -> None:
    """Say what the file system lacks; that a lock or a link is missing changes nothing else."""
    if can.missing:
        report(Notice(f"the file system of the cache, {file_system(place)}, has no {', '.join(can.missing)}"))
