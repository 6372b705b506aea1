"""Checks as a person sees them: each as it runs, and all of them as a table or as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType

import click

from aim_runtime.cli import output
from aim_runtime.cli.columns import columns
from aim_runtime.cli.progress import duration
from aim_runtime.cli.terminal import paint, symbol, width, wrapped
from aim_runtime.validate.result import CheckResult, Validation, to_object
from aim_runtime.validate.run import Began, Starting

_SAY_EVERY_S = 10.0
_CLEAR = "\r\x1b[2K"


class Watch:
    """A line on stderr for each check as it ends; on a terminal also what runs at the moment."""

    def __init__(self) -> None:
        self._draws = sys.stderr.isatty()
        self._under_way = False
        self._phase, self._say_at_s = "", 0.0
        self._began_s = time.monotonic()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def tell(self, event: Began | Starting | CheckResult) -> None:
        """Show an event of the validation."""
        if isinstance(event, CheckResult):
            self._clear()
            output.words(_line(event, colours=self._draws))
        elif isinstance(event, Began):
            self._show(f"… {event.name}")
        else:
            self._starting(event)

    def _starting(self, event: Starting) -> None:
        percent = "" if event.percent is None else f" {event.percent:.0f} %"
        text = f"starting the service: {event.phase}{percent}, {duration(time.monotonic() - self._began_s)}"
        if self._draws:
            self._show(f"… {text}")
        elif event.phase != self._phase or time.monotonic() >= self._say_at_s:
            output.words(text)
            self._phase, self._say_at_s = event.phase, time.monotonic() + _SAY_EVERY_S

    def _show(self, text: str) -> None:
        if self._draws:
            click.echo(_CLEAR + output.redact(text), nl=False, err=True)
            self._under_way = True

    def _clear(self) -> None:
        if self._under_way:
            click.echo(_CLEAR, nl=False, err=True)
            self._under_way = False


def _line(check: CheckResult, *, colours: bool) -> str:
    mark, word, colour = _mark(check)
    took = f" ({check.seconds:.1f} s)" if check.seconds >= 0.1 else ""
    shown = click.style(mark, fg=colour) if colours else word
    lines = [f"{shown} {check.name}: {check.detail}{took}"]
    return "\n".join([*lines, *(f"  warning: {each}" for each in check.warnings)])


def _mark(check: CheckResult) -> tuple[str, str, str]:
    """The sign, the word and the colour of a result."""
    if check.skipped:
        return symbol("·", "-"), "skipped", "cyan"
    if not check.success:
        return symbol("✗", "x"), "failed ", "red"
    if check.warnings:
        return symbol("!", "!"), "warning", "yellow"
    return symbol("✓", "+"), "passed ", "green"


def _table(found: Validation) -> str:
    rows = [("Check", "Result", "Seconds", "Detail")]
    rows += [
        (check.name, _mark(check)[1].strip(), f"{check.seconds:.1f}", " ".join(check.detail.split()))
        for check in found.checks
    ]
    lines = columns(rows, right=(2,))
    most = width()
    if most is not None:
        lines = [line if len(line) <= most else f"{line[: most - 1]}…" for line in lines]
    shown = [paint(lines[0], bold=True)]
    for check, line in zip(found.checks, lines[1:], strict=True):
        shown.append(paint(line, fg=_mark(check)[2]))
        # What must be acted on is never cut.
        cut = not check.success and line.endswith("…")
        shown += wrapped(check.detail, "  ") if cut else []
        shown += [part for each in check.warnings for part in wrapped(each, "  warning: ")]
        shown += wrapped(check.fix, "  fix: ") if check.fix else []
    times = found.metrics
    told = [
        f"ready after {times.ready_time_seconds:.1f} s" if times.ready_time_seconds is not None else "",
        f"warm after {times.warmup_time_seconds:.1f} s" if times.warmup_time_seconds is not None else "",
    ]
    files = [f"written: {name}" for name in found.artifacts]
    return "\n".join([*shown, "", "; ".join([found.summary, *filter(None, told)]), *files])


def _json(found: Validation) -> str:
    return json.dumps(to_object(found), indent=2, ensure_ascii=False)


def _ci(found: Validation) -> str:
    return json.dumps(to_object(found), ensure_ascii=False)


outputs: Mapping[str, Callable[[Validation], str]] = {"json": _json, "table": _table, "ci": _ci}
