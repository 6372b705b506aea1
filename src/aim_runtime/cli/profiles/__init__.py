"""`aim-runtime profiles VERB`: what the authors of profiles need. A verb is imported when it is run."""

from __future__ import annotations

import click

from aim_runtime.cli import output
from aim_runtime.cli.lazy import LazyGroup

VERBS = {
    "lint": "Find what is wrong with profile files.",
    "migrate": "Rewrite profiles for another engine version.",
    "new": "Write a new profile.",
    "schema": "Print the JSON Schema of a profile, for editors.",
}


@click.group(
    "profiles",
    cls=LazyGroup,
    verbs=VERBS,
    package=__name__,
    invoke_without_command=True,
    epilog="""\b
Examples:
  aim-runtime profiles lint my-profiles
  aim-runtime profiles migrate my-profiles --engine-version 0.32.0
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Check, migrate and write profile files."""
    if ctx.invoked_subcommand is None:
        output.data(ctx.get_help())
