"""How far a benchmark is, on stderr: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from aim_runtime.bench.progress import Progress
from aim_runtime.cli.bar import Bar
from aim_runtime.cli.progress import LINE_EVERY_S, duration


class MeasuringView:
    """Shows one point after the other; `draws` where a person looks at stderr, else `say` gets lines."""

    def __init__(self, say: Callable[[str], None], *, draws: bool) -> None:
        self._say, self._draws = say, draws
        self._bar = Bar()
        self._phase = ""
        self._number, self._said, self._say_at_s = 0, 0, 0.0

    def starting(self, phase: str, percent: float | None) -> None:
        """Show how far the start of the service is."""
        if self._draws:
            known = "" if percent is None else f"{percent:.0f} %"
            self._bar.draw(f"starting the service: {phase}", percent or 0, 100, known)
        elif phase != self._phase:
            self._say(f"starting the service: {phase}")
        self._phase = phase

    def show(self, progress: Progress) -> None:
        ended, total = progress.done + progress.failed, progress.point.requests
        if self._draws:
            self._bar.draw(_title(progress), ended, total, _figures(progress))
            return
        now_s = time.monotonic()
        if progress.number != self._number:
            self._say(f"{_title(progress)}: {_figures(progress)}")
        elif now_s >= self._say_at_s and ended != self._said:
            self._say(f"{_title(progress)}: {ended} of {total} requests, {_figures(progress)}")
        else:
            return
        self._number, self._said, self._say_at_s = progress.number, ended, now_s + LINE_EVERY_S

    def end(self) -> None:
        """Leave the screen to others."""
        self._bar.end()


def _title(progress: Progress) -> str:
    return f"point {progress.number} of {progress.points}, {progress.point.name}"


def _figures(progress: Progress) -> str:
    if progress.warming:
        return "warming up"
    parts = [f"{progress.failed} failed"] if progress.failed else []
    if progress.left_s is not None:
        parts.append(f"{duration(progress.left_s)} left")
    return ", ".join(parts) or "measuring"
