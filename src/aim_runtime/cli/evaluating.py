"""How far an evaluation is, on stderr: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aim_runtime.cli.progress import LINE_EVERY_S, duration
from aim_runtime.evaluate.backend import Asked

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class EvaluatingView:
    """Shows a service's start, then the requests; `draws` where a person looks, else `say` gets lines."""

    def __init__(self, say: Callable[[str], None], *, draws: bool) -> None:
        self._say, self._draws = say, draws
        self._bar: Bar | None = None
        self._title = ""
        self._began_s = self._say_at_s = 0.0
        self._stage = self._said = -1

    def starting(self, phase: str, percent: float | None) -> None:
        title = f"starting the service: {phase}"
        if self._draws:
            self._draw(title, percent or 0, 100, "" if percent is None else f"{percent:.0f} %")
        elif title != self._title:
            self._say(title)
        self._title = title

    def show(self, asked: Asked) -> None:
        now_s = time.monotonic()
        if asked.stage != self._stage:
            self._stage, self._began_s, self._say_at_s = asked.stage, now_s, now_s
        left = ""
        if 0 < asked.done < asked.total:
            left = f"{duration((now_s - self._began_s) / asked.done * (asked.total - asked.done))} left"
        if self._draws:
            self._draw("asking", asked.done, asked.total, left)
        elif now_s >= self._say_at_s or asked.done == asked.total != self._said:
            self._say(f"asking: {asked.done} of {asked.total} requests" + (f", {left}" if left else ""))
            self._said, self._say_at_s = asked.done, now_s + LINE_EVERY_S

    def end(self) -> None:
        """Leave the screen to others."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, title: str, done: float, total: float, said: str) -> None:
        if self._bar is None:
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(title, total=total, said=said)
        self._bar.update(self._bar.task_ids[0], description=title, completed=done, total=total, said=said)


def _bar() -> Bar:
    from rich.console import Console  # only a terminal pays for this
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    return Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
        expand=True,
        transient=True,
    )
