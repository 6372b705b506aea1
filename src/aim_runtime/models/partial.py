"""The models room: how much of a model an unfinished fetch has brought, told from its staging folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.events import Event, Progress, Report
from aim_runtime.models.transfer.journal import STATE
from aim_runtime.models.transfer.part import marked_bytes

_EXPECTED = "expected_bytes"
# What is in a staging folder and is not of the model: whose it is, how far, how large it will be.
_NOTES = (_EXPECTED, ".owner.json", ".progress.json")


def noting(staging: Path, report: Report) -> Report:
    """Return `report`, made to write the size of the whole into `staging`: for whoever looks meanwhile."""
    expected: int | None = None

    def note(event: Event) -> None:
        nonlocal expected
        if isinstance(event, Progress) and event.phase == "download" and event.total_bytes != expected:
            expected = event.total_bytes
            with suppress(OSError):
                (staging / _EXPECTED).write_text(str(expected), encoding="ascii")
                sharing.open_as_the_parent(staging / _EXPECTED)  # another user may go on with the folder
        report(event)

    return note


def expected_bytes(staging: Path) -> int | None:
    """Return how large the whole will be, None where no fetch has said so."""
    for path in (staging / _EXPECTED, *sorted(staging.glob(f"*/{_EXPECTED}"))):
        with suppress(OSError, ValueError):
            return int(path.read_text(encoding="ascii"))
    return None


def arrived_bytes(staging: Path) -> int:
    """Return the bytes that are here: whole files, and the chunks of others that have arrived."""
    total = 0
    for path in _files(staging):
        if path.parent.name == STATE:
            total += marked_bytes(path) if path.suffix == ".part" else 0
            continue
        with suppress(OSError):
            total += path.lstat().st_size
    return total


def _files(folder: Path) -> Iterator[Path]:

    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names if name not in _NOTES)
