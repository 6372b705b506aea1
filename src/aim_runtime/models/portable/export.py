"""The models room: a model of the cache, written to where it can be carried from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from aim_runtime.errors import FileNotWritable
from aim_runtime.models.cache import Cache, free_bytes
from aim_runtime.models.durable import sync_file_system, sync_folder
from aim_runtime.models.events import Report
from aim_runtime.models.portable import folder, layout
from aim_runtime.models.portable.collect import collect
from aim_runtime.models.portable.model import Format, Portable
from aim_runtime.models.portable.watch import Watch
from aim_runtime.models.words import is_cache_fault, size, why_not_writable

# The lists of files, beside the files.
_RESERVE_BYTES = 1024 * 1024
_HINT = "name a folder that this user can write, on a disk with room"

Write = Callable[[Portable, Path, Callable[[int], None]], None]
_WRITERS: dict[Format, Write] = {Format.FOLDER: folder.write, Format.OCI: layout.write}


def export(model_id: str, cache: Cache, into: Path, format_: Format, report: Report) -> Path:
    """Write the model `model_id` to `into`, which is not there yet or empty; return it.

    Every byte is read and compared with its digest on the way. Until all of it is there it is at
    `into`.partial, and goes away when something fails. Raises FileNotWritable, ModelNotFound and
    VerificationFailed.
    """
    model = collect(model_id, cache, report)
    if into.name in ("", ".."):  # which is no name for what is written beside it
        into = Path(os.path.abspath(into))  # noqa: PTH100 - a link stays what the user called it
    unfinished = into.with_name(f"{into.name}.partial")
    try:
        if os.path.lexists(into) and (not into.is_dir() or any(into.iterdir())):
            raise FileNotWritable(
                f"{into} is there already", hint="name a new folder, or remove that one first"
            )
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _ensure_space(unfinished, _need_bytes(model, unfinished, format_) + _RESERVE_BYTES)
        _WRITERS[format_](model, unfinished, Watch("export", model.size_bytes, report))
        sync_file_system(unfinished)
        unfinished.replace(into)
        sync_folder(into.parent)
    except OSError as error:
        if not is_cache_fault(error):
            raise
        raise FileNotWritable(f"cannot write to {into}: {why_not_writable(error)}", hint=_HINT) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return into


def _need_bytes(model: Portable, into: Path, format_: Format) -> int:
    linked = format_ is Format.OCI and layout.can_link(model, into)
    return 0 if linked else model.size_bytes


def _ensure_space(into: Path, need_bytes: int) -> None:
    free = free_bytes(into)
    if need_bytes > free:
        raise FileNotWritable(
            f"the disk is too full: not enough room in {into.parent}: {size(need_bytes)} are needed, "
            f"{size(free)} are free",
            hint=_HINT,
        )
