"""`aim-runtime serve`: fetch the model, start the engine, say when it is ready."""

from __future__ import annotations

import gc

import click

from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.log import Log
from aim_runtime.models.events import Notice
from aim_runtime.plan import make_plan
from aim_runtime.serve import Stopped, serve, stop_signals
from aim_runtime.site import survey


@click.command(
    "serve",
    epilog="""\b
Examples:
  AIM_ID=HuggingFaceTB/SmolLM2-135M-Instruct aim-runtime serve
  AIM_MODEL_ID=hf://Qwen/Qwen3-32B AIM_METRIC=throughput AIM_PORT=9000 aim-runtime serve
  aim-runtime serve -- --max-model-len 8192
""",
)
@click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
def command(engine_args: tuple[str, ...]) -> None:
    """Fetch the model and serve it through an OpenAI-compatible API.

    What follows -- goes to the engine and replaces the profile's and AIM_ENGINE_ARGS' arguments.
    Ctrl-C and SIGTERM stop the service cleanly, with exit code 0.
    """
    gc.enable()  # this command lives long
    settings = settings_from_environment(engine_args)
    with Log(settings) as log, stop_signals() as stop:
        log.warn(settings.warnings)
        try:
            plan = make_plan(settings, survey(settings, stop.check, inherited()))
            log.warn(plan.warnings[len(settings.warnings) :])
            log.plan(plan)
            serve(plan, log.report, inherited(), stop)
        except Stopped:
            log.report(Notice("stopped"))
