"""What becomes of a line of the engine's output: a line of the log in its shape, or a step of the start."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aim_runtime.engines.output_line import OutputLine
from aim_runtime.serving.life import Life
from aim_runtime.serving.repeats import Repeats, without_numbers
from aim_runtime.vocabulary import Phase

BAR_EVERY_S = 10.0


class EngineLog:
    """Writes the engine's lines to `logger`, without secrets; tells `life` how far a start is.

    `hide` takes secrets out of text. `line` and `tick` belong to one thread.
    """

    def __init__(
        self,
        logger: logging.Logger,
        life: Life,
        hide: Callable[[str], str],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger, self._life, self._hide, self._now_s = logger, life, hide, now_s
        self._repeats = Repeats(now_s)
        self._bars: dict[str, float] = {}
        self._begun: dict[str | None, tuple[str, bool]] = {}
        self._skips: tuple[Phase, ...] = ()

    def line(self, line: OutputLine) -> OutputLine:
        """Take one line; return it as it may be kept and shown: without secrets, its level settled."""
        line = replace(line, text=self._hide(line.text), message=self._hide(line.message))
        self._follow(line)
        self.tick()
        if line.percent is not None:
            self._bar(line)
        elif line.message.strip():
            line, shown = self._settled(line)
            if shown:
                self._emit(line, line.message)
        return line

    def tick(self) -> None:
        """Say what was repeated; to be called every second or so, for an engine may fall silent."""
        self._tell_repeats(all_of_them=False)

    def end(self) -> None:
        """The engine has ended: say what is not said yet; another start may follow."""
        self._tell_repeats(all_of_them=True)
        self._bars, self._begun, self._skips = {}, {}, ()

    def _follow(self, line: OutputLine) -> None:
        self._skips += tuple(each for each in line.skips if each not in self._skips)
        if line.phase:
            self._life.advance(line.phase, line.percent, self._skips)
        if line.kv_tokens is not None:
            self._life.change(kv_tokens=line.kv_tokens)

    def _settled(self, line: OutputLine) -> tuple[OutputLine, bool]:
        """The line with its level, and whether it is shown.

        One that goes on with a traceback or a warning is as that is. Only lines that are not in the
        engine's format do: the others carry their level, each of them.
        """
        if line.continues:
            level, shown = self._begun.get(line.process, (line.level, True))
            return replace(line, level=level), shown
        shown = self._shown(line)
        if not line.known:
            self._begun[line.process] = (line.level, shown)
        return line, shown

    def _shown(self, line: OutputLine) -> bool:
        # A request that somebody wants to follow has lines of its own; they are never left out.
        if line.level in ("ERROR", "CRITICAL") or line.request_id or not self._enabled(line):
            return True
        kind = (line.level, line.name, without_numbers(line.message))
        return self._repeats.shows(kind, replace(line, text="", process=None))

    def _bar(self, line: OutputLine) -> None:
        """A line for a bar now and then: one that is over sooner is told of by the engine's own words."""
        what, now_s = without_numbers(line.message), self._now_s()
        if now_s - self._bars.setdefault(what, now_s) >= BAR_EVERY_S:
            self._bars[what] = now_s
            self._emit(line, line.message)

    def _tell_repeats(self, *, all_of_them: bool) -> None:
        for sample, count in self._repeats.over(all_of_them=all_of_them):
            assert isinstance(sample, OutputLine)
            times = "time" if count == 1 else "times"
            said = f"repeated {count} {times} in the last 10 s, with other numbers: {sample.message}"
            self._emit(sample, said, repeated=count)

    def _enabled(self, line: OutputLine) -> bool:
        return self._logger.isEnabledFor(logging.getLevelNamesMapping()[line.level])

    def _emit(self, line: OutputLine, message: str, **more: Any) -> None:
        if not self._enabled(line):
            return
        level = logging.getLevelNamesMapping()[line.level]
        facts = {
            "phase": str(line.phase) if line.phase else None,
            "percent": None if line.percent is None else round(line.percent),
            "request_id": line.request_id,
            "process": line.process,
            **more,
        }
        fields = {name: fact for name, fact in facts.items() if fact is not None}
        # A record by hand: a logger for every name would stay in memory for good.
        record = self._logger.makeRecord(line.name, level, "", 0, message, (), None, extra={"fields": fields})
        self._logger.handle(record)
