"""How far an evaluation is, on stderr: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from aim_runtime.cli.bar import Bar
from aim_runtime.cli.progress import LINE_EVERY_S, duration
from aim_runtime.evaluate.backend import Asked


class EvaluatingView:
    """Shows a service's start, then the requests; `draws` where a person looks, else `say` gets lines."""

    def __init__(self, say: Callable[[str], None], *, draws: bool) -> None:
        self._say, self._draws = say, draws
        self._bar = Bar()
        self._title = ""
        self._began_s = self._say_at_s = 0.0
        self._stage = self._said = -1

    def starting(self, phase: str, percent: float | None) -> None:
        title = f"starting the service: {phase}"
        if self._draws:
            self._bar.draw(title, percent or 0, 100, "" if percent is None else f"{percent:.0f} %")
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
            self._bar.draw("asking", asked.done, asked.total, left)
        elif now_s >= self._say_at_s or asked.done == asked.total != self._said:
            self._say(f"asking: {asked.done} of {asked.total} requests" + (f", {left}" if left else ""))
            self._said, self._say_at_s = asked.done, now_s + LINE_EVERY_S

    def end(self) -> None:
        """Leave the screen to others."""
        self._bar.end()
