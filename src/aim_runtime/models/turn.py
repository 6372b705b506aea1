"""The models room: one fetch of a model among several processes that may want it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aim_runtime.errors import DownloadFailed, ModelError
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
            done = None
            if not is_whole():
                try:
                    with staged(place, lease, timing) as folder:
                        done = work(folder, lease.checked(report))
                except (Taken, OSError, ModelError) as error:
                    if not isinstance(error, Taken) and not lease.was_taken:
                        raise
                    report(Notice(f"another process took over fetching {model_id} from this one"))
                    continue
            clean(place, timing, lease.gone)
            return done
    raise DownloadFailed(
        f"other processes took over fetching {model_id} from this one {_TURNS + 1} times",
        hint=f"find out what else changes {place}, and start again",
    )


def _tell(can: Capabilities, place: Path, report: Report) -> None:
    """Say what the file system lacks; that a lock or a link is missing changes nothing else."""
    if can.missing:
        report(Notice(f"the file system of the cache, {file_system(place)}, has no {', '.join(can.missing)}"))
