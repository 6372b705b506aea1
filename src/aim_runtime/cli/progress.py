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
_AT_ONCE_S = 1.0
# A time left beyond this says only that nothing comes at the moment.
_LONGEST_S = 100 * 3600.0
# A phase under way, and one that is over.
_PHASES = {
    "download": ("downloading", "downloaded"),
    "unpack": ("unpacking", "unpacked"),
    "verify": ("verifying", "verified"),
    "prefetch": ("reading ahead", "read ahead"),
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
        self._say_at_s = 0.0
        self._began = self._ended = False

    def show(self, event: Progress) -> None:
        if not event.done_bytes and not event.total_bytes:
            return  # nothing to show yet
        now_s = time.monotonic()
        if event.phase != self._phase or (self._ended and event.done_bytes != event.total_bytes):
            self.end()
            self._phase, self._ended, self._pace = event.phase, False, Pace()
            # A phase that is over at once is not worth a line.
            self._say_at_s = now_s if event.phase == "download" else now_s + _AT_ONCE_S
            self._began = False
        status = self._pace.seen(event, now_s)
        if status.ended:
            self._close_bar()
            if not self._ended and (event.phase == "download" or status.elapsed_s >= _AT_ONCE_S):
                self._say(status, _whole(status))
            self._ended = True
        elif self._draws:
            self._draw(status)
        elif now_s >= self._say_at_s:
            self._say(status, f"{_doing(status)}: {_figures(status)}" if self._began else _begin(status))
            self._say_at_s, self._began = now_s + LINE_EVERY_S, True

    def end(self) -> None:
        """Leave the screen to others; the next progress begins anew."""
        self._close_bar()
        self._phase = ""

    def _draw(self, status: Status) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(_doing(status), total=status.total_bytes, said="")
        total = status.total_bytes
        self._bar.update(
            self._bar.task_ids[0], completed=status.done_bytes, total=total, said=_figures(status)
        )

    def _say(self, status: Status, text: str) -> None:
        self._logger.info("%s", text, extra={"fields": {"event": "progress", **fields(status)}})

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
    if status.eta_s is not None and status.eta_s < _LONGEST_S:
        parts.append(f"{duration(status.eta_s)} left")
    return ", ".join(parts)


def _begin(status: Status) -> str:
    if status.total_bytes is None:
        return _doing(status)
    return f"{_doing(status)} {size(status.total_bytes - status.began_bytes)}"


def _whole(status: Status) -> str:
    done = _PHASES.get(status.phase, ("", f"{status.phase}:"))[1]
    moved, rate = status.done_bytes - status.began_bytes, status.average_bytes_per_s
    of = f" of {size(status.done_bytes)}" if moved and status.began_bytes else ""
    pace = f" in {duration(status.elapsed_s)}, {size(round(rate))}/s" if rate else ""
    return f"{done} {size(moved or status.done_bytes)}{of}{pace}"


def _bar() -> Bar:
    from rich.console import Console  # only a terminal that waits for a download pays for this
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=None))
    figures = Column(min_width=44, no_wrap=True)  # wide enough that the bar keeps its width
    return Bar(
        *columns,
        TextColumn("{task.fields[said]}", table_column=figures),
        console=Console(stderr=True),
        expand=True,
        transient=True,
    )
