"""`aim-runtime serve`: fetch the model, start the engine, say when it is ready."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from aim_runtime.cli.environment import inherited, kept_secret, settings_from_environment, with_secrets
from aim_runtime.cli.log import Log
from aim_runtime.models.events import Notice
from aim_runtime.plan import make_plan
from aim_runtime.record.repeat import Repeat
from aim_runtime.serve import Stopped, serve, stop_signals
from aim_runtime.site import survey


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
def command(engine_args: tuple[str, ...], from_record: Path | None, allow_differences: bool) -> None:
    """Fetch the model and serve it through an OpenAI-compatible API.

    What follows -- goes to the engine and replaces the profile's and AIM_ENGINE_ARGS' arguments.
    Ctrl-C and SIGTERM stop the service cleanly, with exit code 0.
    """
    gc.enable()  # this command lives long
    if allow_differences and from_record is None:
        raise click.UsageError("--allow-differences goes with --from-record")
    repeats = None
    if from_record is not None:
        with_secrets()
        repeats = Repeat.of(from_record, inherited(), engine_args, allow=allow_differences)
    settings = kept_secret(repeats.settings) if repeats else settings_from_environment(engine_args)
    environment = repeats.environment if repeats else inherited()
    with Log(settings) as log, stop_signals() as stop:
        log.warn(settings.warnings)
        try:
            plan = (
                repeats.plan(stop.check)
                if repeats
                else make_plan(settings, survey(settings, stop.check, environment))
            )
            log.warn(plan.warnings[len(settings.warnings) :])
            log.plan(plan)
            serve(plan, log.report, environment, stop, repeats)
        except Stopped:
            log.report(Notice("stopped"))
