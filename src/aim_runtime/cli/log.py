"""What long commands say while they work: log lines, progress, and the ready message of `serve`."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from aim_runtime.choice import Choice, why
from aim_runtime.cli import output
from aim_runtime.cli.machine import machine_lines
from aim_runtime.cli.progress import ProgressView
from aim_runtime.cli.ready import ready_message
from aim_runtime.models.events import Event, Notice, Progress, Report
from aim_runtime.plan import Plan
from aim_runtime.profiles.fit import Fit
from aim_runtime.serve import Planned, Ready, Stop, stop_signals
from aim_runtime.settings import Settings


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at the moment: a bar on it moves out of the way of lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return output.redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Say which of several processes of the engine speaks: those have a number."""
        process = getattr(record, "fields", {}).get("process") or ""
        if any(map(str.isdigit, process)):
            record.message = f"({process}) {record.message}"
        return super().formatMessage(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "asctime": self.formatTime(record),
            "name": record.name,
            "level": record.levelname,
            # Before it is JSON: a secret's quotes are escaped in there.
            "message": output.redact(record.getMessage()),
            **getattr(record, "fields", {}),
        }
        return output.redact(json.dumps(line, ensure_ascii=False))


class Log:
    """The log of one command: lines on stderr, and progress; `engine` takes the engine's lines."""

    def __init__(self, settings: Settings) -> None:
        handler = _Stderr()
        handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
        self._logger = logging.getLogger("aim_runtime")
        self._logger.handlers = [handler]
        self._logger.setLevel(settings.log_level)
        self._logger.propagate = False
        # The engine's own default is kept where nobody says otherwise: a user sees that it loads.
        self.engine = logging.getLogger("aim_runtime.engine")
        self.engine.setLevel(settings.log_level_root or "INFO")
        root = logging.getLogger()
        root.handlers = [handler]
        root.setLevel(settings.log_level_root or "WARNING")
        draws = sys.stderr.isatty() and settings.log_format == "text"
        self._progress = ProgressView(self._logger, draws=draws)

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.end()

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
        level = plan.selection.verdict.level
        if plan.settings.slo and level:
            decided = level.text if plan.settings.profile_id else why(Choice.of(plan))
            self._logger.info("service level %s: %s", plan.settings.slo.text, decided)
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

    @property
    def shows_engine(self) -> bool:
        """Whether what the engine says is shown, most of it."""
        return self.engine.isEnabledFor(logging.INFO)

    def report(self, event: Event | Planned | Ready) -> None:
        """Show what a fetch or a start says."""
        if isinstance(event, Planned):
            attempt = event.attempt
            failed = f"{attempt.failure.message} ({attempt.failure.code})"
            self._logger.warning("profile %s: %s; now %s", attempt.profile, failed, attempt.next_step)
            self.warn([*event.plan.selection.warnings, *event.plan.launch.notes])
            self.plan(event.plan)
        elif isinstance(event, Progress):
            self._progress.show(event)
        elif isinstance(event, Ready):
            self._progress.end()
            self._logger.info("%s", ready_message(event))
        else:
            self._logger.log(logging.ERROR if event.grave else logging.INFO, "%s", event.text)


@contextmanager
def working(settings: Settings) -> Iterator[tuple[Report, Stop]]:
    """The log of a command that works for long, as what its work reports to; a signal ends it at a report.

    Stopped is raised then, for the command to say what it leaves.
    """
    with Log(settings) as log, stop_signals() as stop:
        log.warn(settings.warnings)

        def report(event: Event) -> None:
            log.report(event)
            stop.check()

        yield report, stop


def stopped(settings: Settings, stop: Stop, text: str) -> int:
    """Say what a signal left; return the exit code that shells expect of it."""
    with Log(settings) as log:
        log.report(Notice(text))
    return 128 + stop.number
