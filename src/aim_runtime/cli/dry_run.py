"""`aim-runtime dry-run`: print the plan that serve would execute."""

from __future__ import annotations

import click

from aim_runtime.cli import output, render
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.errors import ProfileError
from aim_runtime.plan import make_plan
from aim_runtime.site import survey


@click.command(
    "dry-run",
    epilog="""\b
Examples:
  AIM_ID=CohereLabs/command-a-reasoning-08-2025 AIM_ACCELERATOR_MODEL=MI300X aim-runtime dry-run
  aim-runtime dry-run --format shell > serve.sh
  aim-runtime dry-run --format json -- --max-model-len 8192
""",
)
@format_option(
    *render.PLAN_FORMATS,
    help_="yaml and json are a list of one plan; shell is a script that starts the engine.",
)
@click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
def command(format_: str, engine_args: tuple[str, ...]) -> None:
    """Print the plan that serve would execute, without executing it.

    Nothing is fetched and no engine is started. Without a profile that is right, the exit code is 4
    and json prints an empty list.
    """
    settings = settings_from_environment(engine_args)
    try:
        plan = make_plan(settings, survey(settings, environment=inherited()))
    except ProfileError:
        if format_ == "json":
            output.data("[]")
        raise
    for warning in plan.warnings:
        output.warning(warning)
    output.data(render.PLAN_FORMATS[format_](plan))
