"""`aim-runtime serve`: fetch the model, start the engine, say when it is ready."""

from __future__ import annotations

import gc

import click

from aim_runtime.cli import output, termination_log
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.log import Log
from aim_runtime.errors import AimError
from aim_runtime.models.events import Notice
from aim_runtime.plan import make_plan
from aim_runtime.serve import Stop, Stopped, Voice, become_engine, serve, stop_signals
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
@click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
def command(engine_args: tuple[str, ...], replaced: bool, last_lines: int | None) -> int:
    """Fetch the model and serve it through an OpenAI-compatible API.

    What follows -- goes to the engine and replaces the profile's and AIM_ENGINE_ARGS' arguments.

    Ctrl-C and SIGTERM let requests in flight end, for AIM_DRAIN_SECONDS at most, with exit code 0; a second
    one cuts them. Where something was cut, the exit code is 130 or 143.
    """
    gc.enable()  # this command lives long
    with termination_log.of_errors():
        settings = settings_from_environment(engine_args)
        with Log(settings) as log, stop_signals() as stop:
            return _serve(settings, log, stop, replaced=replaced, last_lines=last_lines)


def _serve(settings: Settings, log: Log, stop: Stop, *, replaced: bool, last_lines: int | None) -> int:
    log.warn(settings.warnings)
    life = Life()
    try:
        plan = make_plan(settings, survey(settings, stop.check, inherited()))
        log.warn(plan.warnings[len(settings.warnings) :])
        log.plan(plan)
        if replaced:
            become_engine(plan, log.report, inherited(), stop)
        serve(plan, Voice(log.report, log.engine, output.redact), inherited(), stop, life)
    except Stopped as end:
        cut = end.cut or stop.again
        log.report(Notice("stopped" if not cut else "stopped at once"))
        return 128 + stop.number if cut else 0
    except AimError as error:
        # They were shown as they came, unless the log's level kept them back.
        shown = 0 if log.shows_engine else _LINES_NOT_SHOWN
        count = shown if last_lines is None else last_lines
        error.details = error.details[-count:] if count else ()
        raise
    raise AssertionError("unreachable: a service ends by a signal or an error")
