"""The models room: how much of a model an unfinished fetch has brought, told from its staging folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aim_runtime.models.events import Event, Progress, Report

_EXPECTED = "expected_bytes"
# What the byte mover keeps of files under way: the bytes, and a map with a byte for each chunk of them.
_PARTS, _MAP_HEADER_BYTES = ".parts", 4096


def noting(staging: Path, report: Report) -> Report:
    """Return `report`, made to write the size of the whole into `staging`: for whoever looks meanwhile."""
    expected: int | None = None

    def note(event: Event) -> None:
        nonlocal expected
        if isinstance(event, Progress) and event.phase == "download" and event.total_bytes != expected:
            expected = event.total_bytes
            with suppress(OSError):
                (staging / _EXPECTED).write_text(str(expected), encoding="ascii")
        report(event)

    return note


def expected_bytes(staging: Path) -> int | None:
    """Return how large the whole will be, None where no fetch has said so."""
    try:
        return int((staging / _EXPECTED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def arrived_bytes(staging: Path) -> int:
    """Return the bytes that are here: whole files, and the chunks of others that have arrived."""
    total = 0
    for path in _files(staging):
        with suppress(OSError):
            if path.parent.name != _PARTS:
                total += path.lstat().st_size
            elif path.suffix == ".map":
                total += min(_marked_bytes(path), path.with_suffix(".part").lstat().st_size)
    return total


def _marked_bytes(path: Path) -> int:
    """Return the bytes of the chunks that a map has marked."""
    data = path.read_bytes()
    try:
        header = json.loads(data[:_MAP_HEADER_BYTES].rstrip(b"\0"))
        return data[_MAP_HEADER_BYTES:].count(1) * int(header["chunk_bytes"])
    except (ValueError, KeyError, TypeError):
        return 0


def _files(folder: Path) -> Iterator[Path]:

    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if name != _EXPECTED)
