"""Progress on stderr: a bar on a terminal, a line every ten seconds elsewhere, with fields for machines."""

from __future__ import annotations

import logging
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from aim_runtime.models.events import Progress
from aim_runtime.models.status import Pace, Status
from aim_runtime.models.words import size

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

LINE_EVERY_S = 10.0
# A phase under way, and one that is over.
_PHASES = {
    "download": ("downloading", "downloaded"),
    "verify": ("verifying", "verified"),
    "convert": ("converting", "converted"),
    "export": ("exporting", "exported"),
    "import": ("importing", "imported"),
    "wait": ("waiting", "waited"),
}


class ProgressView:
    """Shows one phase after the other; `draws` where a person looks at stderr."""

    def __init__(self, logger: logging.Logger, *, draws: bool) -> None:
        self._logger, self._draws = logger, draws
        self._pace = Pace()
        self._bar: Bar | None = None
        self._phase = ""
        self._said_at = 0.0
        self._ended = False

    def show(self, event: Progress) -> None:
        if not event.done_bytes and not event.total_bytes:
            return  # nothing to show yet
        status = self._pace.seen(event, time.monotonic())
        if event.phase != self._phase:
            self.end()
            self._phase, self._ended = event.phase, False
            self._begin(status)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=status.done_bytes, said=_figures(status))
        elif not self._draws and not status.ended and time.monotonic() - self._said_at >= LINE_EVERY_S:
            self._say("progress", status, f"{_doing(status)}: {_figures(status)}")
        if status.ended and not self._ended:
            self._ended = True
            self._close_bar()
            self._say("progress", status, _whole(status))

    def end(self) -> None:
        """Leave the screen to others; the next progress begins anew."""
        self._close_bar()
        self._phase = ""

    def _begin(self, status: Status) -> None:
        if status.ended:
            return  # all of it in one line, below
        if self._draws:
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(_doing(status), total=status.total_bytes, said="")
            return
        total = f" {size(status.total_bytes)}" if status.total_bytes else ""
        there = f", {size(status.done_bytes)} of it here already" if status.done_bytes and total else ""
        self._say("progress", status, f"{_doing(status)}{total}{there}")

    def _say(self, event: str, status: Status, text: str) -> None:
        self._said_at = time.monotonic()
        self._logger.info("%s", text, extra={"fields": {"event": event, **fields(status)}})

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def fields(status: Status) -> dict[str, object]:
    """The status as JSON has it."""
    rate, eta = status.bytes_per_s or status.average_bytes_per_s, status.eta_s
    return {
        "phase": status.phase,
        "done_bytes": status.done_bytes,
        "total_bytes": status.total_bytes,
        "percent": None if status.percent is None else round(status.percent, 1),
        "bytes_per_s": None if rate is None else round(rate),
        "eta_s": None if eta is None else round(eta),
    }


def duration(seconds: float) -> str:
    """A time as a person says it: 8 s, 1 min 20 s, 2 h 5 min, 3 d 4 h."""
    left = round(seconds)
    if left < 60:
        return f"{left} s"
    for (larger, name), (smaller, small_name) in pairwise(_UNITS):
        if left >= larger:
            rest = left % larger // smaller
            return f"{left // larger} {name}" + (f" {rest} {small_name}" if rest else "")
    raise AssertionError("unreachable")


_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def _doing(status: Status) -> str:
    return _PHASES.get(status.phase, (status.phase, ""))[0]


def _figures(status: Status) -> str:
    if status.total_bytes is None:
        parts = [size(status.done_bytes)]
    else:
        parts = [f"{status.percent:.0f} % of {size(status.total_bytes)}"]
    if status.bytes_per_s is not None:
        parts.append(f"{size(round(status.bytes_per_s))}/s")
    if status.eta_s is not None and not status.ended:
        parts.append(f"{duration(status.eta_s)} left")
    return ", ".join(parts)


def _whole(status: Status) -> str:
    done = _PHASES.get(status.phase, ("", f"{status.phase}:"))[1]
    moved = status.done_bytes - status.began_bytes
    rest = (
        f" (the other {size(status.began_bytes)} were here already)" if status.began_bytes and moved else ""
    )
    if not moved and not status.elapsed_s:
        moved = status.done_bytes
    rate = status.average_bytes_per_s
    pace = f" in {duration(status.elapsed_s)}, {size(round(rate))}/s" if rate else ""
    return f"{done} {size(moved)}{pace}{rest}"


def _bar() -> Bar:
    from rich.console import Console  # only a terminal that waits for a download pays for this
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=None))
    return Bar(
        *columns,
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
        expand=True,
        transient=True,
    )
