"""`aim-runtime serve`: fetch the model, start the engine, say when it is ready."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from aim_runtime.cli import output, termination_log
from aim_runtime.cli.environment import inherited, settings_from_environment, with_secrets, with_taken
from aim_runtime.cli.log import Log
from aim_runtime.errors import AimError
from aim_runtime.models.events import Notice
from aim_runtime.plan import Plan, make_plan
from aim_runtime.record.repeat import Repeat
from aim_runtime.serve import Stop, Stopped, Voice, become_engine, serve, stop_signals
from aim_runtime.serving import management
from aim_runtime.serving.life import Life
from aim_runtime.serving.output import KEPT_LINES
from aim_runtime.settings import Settings
from aim_runtime.site import survey

# With an error, where the engine's lines were not shown: the traceback's end, and what led to it.
_LINES_NOT_SHOWN = 20


@click.command(
    "serve",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime serve
  AIM_MODEL_ID=hf://Qwen/Qwen3-32B AIM_METRIC=throughput AIM_PORT=9000 aim-runtime serve
  aim-runtime serve -- --max-model-len 8192
  aim-runtime serve --from-record $AIM_CACHE_PATH/.aim/runs/20261125T123811Z-acme--tiny-1a2b3c4d.json
""",
)
@click.option(
    "--exec",
    "replaced",
    is_flag=True,
    help="Fetch, then let the engine replace this process: nothing watches it after that.",
)
@click.option(
    "--last-lines",
    type=click.IntRange(0, KEPT_LINES),
    default=None,
    help="With the error of an engine that failed, repeat so many of its last lines.",
)
@click.option(
    "--from-record",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Repeat the run that FILE is the record of: same profile, arguments, variables and weights. "
    "Its settings win over the environment's; see docs/records.md.",
)
@click.option(
    "--allow-differences",
    is_flag=True,
    help="With --from-record: warn of what is not as it was, instead of refusing it.",
)
@click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
def command(
    engine_args: tuple[str, ...],
    replaced: bool = False,
    last_lines: int | None = None,
    from_record: Path | None = None,
    allow_differences: bool = False,
) -> int:
    """Fetch the model and serve it through an OpenAI-compatible API.

    What follows -- goes to the engine and replaces the profile's and AIM_ENGINE_ARGS' arguments.

    Ctrl-C and SIGTERM let requests in flight end, for AIM_DRAIN_SECONDS at most, with exit code 0; a second
    one cuts them. Where something was cut, the exit code is 130 or 143.
    """
    gc.enable()  # this command lives long
    if allow_differences and from_record is None:
        raise click.UsageError("--allow-differences goes with --from-record")
    with termination_log.of_errors():
        asked = _Asked.of(engine_args, from_record, allow_differences)
        life = Life()
        with Log(asked.settings) as log, stop_signals() as stop, _managed(asked, life, log, replaced):
            return _serve(asked, life, log, stop, replaced=replaced, last_lines=last_lines)


@dataclass(frozen=True)
class _Asked:
    """What is to be served: by the environment, or as a record has it."""

    settings: Settings
    environment: Mapping[str, str]
    repeats: Repeat | None = None

    @classmethod
    def of(cls, engine_args: tuple[str, ...], record: Path | None, allow_differences: bool) -> _Asked:
        if record is None:
            settings = settings_from_environment(engine_args)
            return cls(settings, inherited())
        moved = with_secrets(engine_args)
        repeats = Repeat.of(record, inherited(), moved.extra_args, allow=allow_differences)
        return cls(with_taken(repeats.settings, moved), repeats.environment, repeats)

    def plan(self, stop: Stop) -> Plan:
        if self.repeats is not None:
            return self.repeats.plan(stop.check)
        return make_plan(self.settings, survey(self.settings, stop.check, self.environment))


@contextmanager
def _managed(asked: _Asked, life: Life, log: Log, replaced: bool) -> Iterator[None]:
    """Tell of `life` from now on, before anything is looked at; a process that is replaced cannot."""
    settings = asked.settings
    if replaced:
        yield
        return
    with management.serve(
        life, settings.serving, port=settings.port, tell=log.report, redact=output.redact
    ) as url:
        if url:
            log.report(Notice(f"status page {url}"))
        yield


def _serve(asked: _Asked, life: Life, log: Log, stop: Stop, *, replaced: bool, last_lines: int | None) -> int:
    log.warn(asked.settings.warnings)
    try:
        plan = asked.plan(stop)
        log.warn(plan.warnings[len(asked.settings.warnings) :])
        log.plan(plan)
        if replaced:
            become_engine(plan, log.report, asked.environment, stop, asked.repeats)
        voice = Voice(log.report, log.engine, output.redact)
        serve(plan, voice, asked.environment, stop, life, asked.repeats)
    except Stopped as end:
        cut = end.cut or stop.again
        log.report(Notice("stopped before everything was answered" if cut else "stopped"))
        return 128 + stop.number if cut else 0
    except AimError as error:
        # They were shown as they came, unless the log's level kept them back.
        shown = 0 if log.shows_engine else _LINES_NOT_SHOWN
        count = shown if last_lines is None else last_lines
        error.details = error.details[-count:] if count else ()
        raise
    raise AssertionError("unreachable: a service ends by a signal or an error")
