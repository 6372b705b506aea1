"""The models room: the folder in which one process puts a model together, and what others left of theirs.

Each process has its own, named by its token, so two never write to the same one. What a process that is
gone left is taken over by a rename, which only one can do. Should it come back after all, it finds its
folder gone: it can write to nothing but files it had open, and there the bytes of the same version.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from aim_runtime.errors import CacheNotWritable, ModelError
from aim_runtime.models import sharing
from aim_runtime.models.background import bytes_below
from aim_runtime.models.cache import make_folder
from aim_runtime.models.events import Progress
from aim_runtime.models.lease import Lease, Taken
from aim_runtime.models.watch import Timing, age_s, look

_OWNER = ".owner.json"
# Not the sizes of the files: the disk gives a file all of its room before its first byte arrives.
_PROGRESS = ".progress.json"


def own_place(folder: Path) -> Path:
    """Return `folder`, or one for this user alone where it belongs to another and cannot be written.

    `folder` is one of the cache's own, `<cache>/.aim/<kind>/<model>`. Raises CacheNotWritable.
    """
    mine = f"uid-{os.geteuid()}"
    kind = folder.parent
    beside = (folder.with_name(f"{folder.name}.{mine}"), kind.parent / mine / kind.name / folder.name)
    far = kind.parent.with_name(f"{kind.parent.name}-{mine}") / kind.name / folder.name
    refusal: CacheNotWritable | None = None
    for place in (folder, *beside, far):
        try:
            make_folder(place)
        except CacheNotWritable as error:
            refusal = refusal or error
            continue
        return place
    assert refusal is not None
    raise refusal


@contextmanager
def staged(place: Path, lease: Lease, timing: Timing) -> Iterator[Path]:
    """Have a folder below `place` while the block runs, with the most that anybody left there.

    What the block leaves in it stays for the next try, whoever's that is. Raises Taken when another process
    took the folder away.
    """
    own = place / lease.owner.token
    mark, far = own / _OWNER, own / _PROGRESS
    try:
        _begin(place, lease, timing).rename(own)
    except FileNotFoundError as error:
        raise Taken from error

    def beat() -> None:
        os.utime(mark)
        if lease.progress is not None:
            _write_over(far, json.dumps(asdict(lease.progress)))

    lease.with_each_beat(beat)
    try:
        yield own
    except (OSError, ModelError) as error:
        if own.is_dir():
            raise
        raise Taken from error  # whatever came of it, that is why
    finally:
        # Libraries and other programs make files as the umask has it.
        sharing.open_all_below(own)
        for path in (mark, far):
            with suppress(OSError):
                path.unlink()


def _begin(place: Path, lease: Lease, timing: Timing) -> Path:
    """Return a folder with the mark of this process, under a name at which nobody else looks."""
    hidden = place / f".{lease.owner.token}"
    for left in _left_behind(place, timing, lease.gone):
        with suppress(OSError):  # another process was faster
            left.rename(hidden)
            break
    else:
        make_folder(hidden)
    (hidden / _OWNER).write_bytes(lease.owner.write())
    sharing.open_as_the_parent(hidden / _OWNER)
    return hidden


def _write_over(file: Path, text: str) -> None:
    """Write a short text so that a reader never finds half of it: in one piece, over what is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(descriptor, text.encode().ljust(200), 0)
    finally:
        os.close(descriptor)
    sharing.open_as_the_parent(file)


def how_far(place: Path) -> Progress:
    """Return how far the processes are that put the model together below `place`, for one that waits."""
    most = Progress("wait", 0)
    with suppress(OSError):
        for folder in place.iterdir():
            with suppress(OSError, ValueError, KeyError, TypeError):
                said = json.loads((folder / _PROGRESS).read_bytes())
                found = Progress("wait", int(said["done_bytes"]), said["total_bytes"])
                most = max(most, found, key=lambda each: each.done_bytes)
    return most


def clean(place: Path, timing: Timing, gone: frozenset[str]) -> None:
    """Remove what is left below `place` by processes that are gone: the model is there."""
    for left in _left_behind(place, timing, gone):
        shutil.rmtree(left, ignore_errors=True)
    with suppress(OSError):
        # Of one that was killed while it tried the file system or began; one that is at it stays.
        for hidden in place.glob(".*"):
            sight = look(hidden)
            if sight is not None and age_s(place, sight) >= timing.ttl_s:
                shutil.rmtree(hidden, ignore_errors=True)
        place.rmdir()


def _left_behind(place: Path, timing: Timing, gone: frozenset[str]) -> list[Path]:
    """Return the folders whose owners are gone and that this user can write, the fullest first."""
    with suppress(OSError):
        found = [
            folder
            for folder in sorted(place.iterdir())
            if not folder.name.startswith(".")
            and folder.is_dir()
            and (folder.name in gone or _is_free(folder, timing))
            and sharing.can_be_written(folder)
        ]
        return sorted(found, key=bytes_below, reverse=True)
    return []


def _is_free(folder: Path, timing: Timing) -> bool:
    mark = folder / _OWNER
    try:
        sight = look(mark)
    except OSError:
        return False
    if sight is None:
        return True  # its owner is done with it
    gone = sight.owner is not None and sight.owner.is_gone
    return gone or age_s(folder.parent, sight) >= timing.ttl_s
