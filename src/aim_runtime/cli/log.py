"""What `serve` says while it works: log lines, one progress bar on a terminal, the ready message."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from aim_runtime.cli import output
from aim_runtime.cli.machine import machine_lines
from aim_runtime.models.events import Event, Progress
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit
from aim_runtime.serve import Ready
from aim_runtime.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_MIB = 1024**2
_LINE_EVERY_S = 10.0


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return output.redact(super().format(record))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "asctime": self.formatTime(record),
            "name": record.name,
            "level": record.levelname,
            "message": record.getMessage(),
        }
        return output.redact(json.dumps(line, ensure_ascii=False))


class Log:
    """The log of one `serve`: lines on stderr, and the progress of a fetch."""

    def __init__(self, settings: Settings) -> None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
        self._logger = logging.getLogger("aim_runtime")
        self._logger.handlers = [handler]
        self._logger.setLevel(settings.log_level)
        self._logger.propagate = False
        root = logging.getLogger()
        root.handlers = [handler]
        root.setLevel(settings.log_level_root or "WARNING")
        self._draws = sys.stderr.isatty() and settings.log_format == "text"
        self._bar: Bar | None = None
        self._phase = ""
        self._said_at = 0.0

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()

    def warn(self, warnings: Iterable[str]) -> None:
        for warning in warnings:
            self._logger.warning(warning)

    def plan(self, plan: Plan) -> None:
        """Say what was decided, in the lines a person looks for first."""
        metadata = plan.profile.metadata
        uses = plan.selection.uses[0]
        self._logger.info(
            "profile %s (%s, %s, %s)", plan.profile.id, metadata.precision, metadata.metric, metadata.type
        )
        cores = f", {uses.cores} cores" if uses.cores else ""
        self._logger.info(
            "accelerators %s x %s%s, by %s",
            len(plan.selection.uses),
            uses.name,
            cores,
            plan.site.hardware.source,
        )
        fit = plan.selection.verdict.fit
        if isinstance(fit, Fit):
            self._logger.info("memory %s", fit.summary)
        elif fit:
            self._logger.info("memory not checked: %s", fit.reason)
        for line in machine_lines(plan):
            self._logger.info("%s", line)

    def report(self, event: Event | Ready) -> None:
        """Show what a fetch or a start says."""
        if isinstance(event, Progress):
            self._progress(event)
            return
        self._finish()
        if isinstance(event, Ready):
            self._logger.info("%s", _ready(event))
        else:
            self._logger.log(logging.ERROR if event.grave else logging.INFO, "%s", event.text)

    def _progress(self, event: Progress) -> None:
        if not event.done_bytes and event.total_bytes is None:
            return  # nothing to show yet
        if self._draws:
            self._draw(event)
            return
        now = time.monotonic()
        if event.phase != self._phase or now - self._said_at >= _LINE_EVERY_S:
            total = f" of {event.total_bytes / _MIB:.0f}" if event.total_bytes else ""
            self._logger.info("%s: %.0f%s MiB", event.phase, event.done_bytes / _MIB, total)
            self._phase, self._said_at = event.phase, now

    def _draw(self, event: Progress) -> None:
        if self._bar is None or event.phase != self._phase:
            self._finish()
            self._bar = _bar()
            self._bar.start()
            self._bar.add_task(event.phase, total=event.total_bytes)
            self._phase = event.phase
        self._bar.update(self._bar.task_ids[0], completed=event.done_bytes, total=event.total_bytes)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._phase = ""


def _bar() -> Bar:
    from rich.console import Console  # only a terminal that waits for a download pays for this
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _ready(event: Ready) -> str:
    plan = event.plan
    url = f"http://localhost:{plan.launch.port}/v1"
    # Its answer does not hang on a rounding: another question made the smallest model ramble on some CPUs.
    question = [{"role": "user", "content": "What is the capital of Japan?"}]
    asked = {"model": plan.location.model_id, "messages": question, "temperature": 0, "max_tokens": 64}
    body = json.dumps(asked)
    return "\n".join(
        [
            f"ready after {event.seconds:.0f} s: {plan.location.model_id}",
            f"  URL      {url}",
            f"  profile  {plan.profile.id}",
            f"  try it   curl -s {url}/chat/completions -H 'Content-Type: application/json' -d '{body}'",
            "  stop it  Ctrl-C",
        ]
    )
