"""`aim-runtime cache VERB`: the cache as a thing one can look at. A verb is imported when it is run."""

from __future__ import annotations

import click

from aim_runtime.cli import output
from aim_runtime.cli.lazy import LazyGroup

VERBS = {
    "ls": "List the models in the cache.",
    "verify": "Check that models are whole, with --deep every byte.",
    "prune": "Remove models not used for long, and what was left behind.",
    "export": "Write a model to a folder or an OCI image layout.",
    "import": "Put an exported model into the cache.",
}


@click.group(
    "cache",
    cls=LazyGroup,
    verbs=VERBS,
    package=__name__,
    invoke_without_command=True,
    epilog="""\b
Examples:
  aim-runtime cache ls
  aim-runtime cache verify --deep
  aim-runtime cache prune --older 30d --dry-run
  aim-runtime cache export Qwen/Qwen3-32B /media/disk/qwen3-32b
  aim-runtime cache import /media/disk/qwen3-32b
\b
The cache is the folder of AIM_CACHE_PATH.
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Look at, check, tidy and carry the cache of weights."""
    if ctx.invoked_subcommand is None:
        output.data(ctx.get_help())
