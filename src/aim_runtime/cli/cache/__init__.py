"""`aim-runtime cache VERB`: the cache as a thing one can look at. A verb is imported when it is run."""

from __future__ import annotations

import click

from aim_runtime.cli import output
from aim_runtime.cli.lazy import LazyGroup

VERBS = {
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
  aim-runtime cache export Qwen/Qwen3-32B /media/disk/qwen3-32b
  aim-runtime cache import /media/disk/qwen3-32b
\b
The cache is the folder of AIM_CACHE_PATH.
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Carry models of the cache to where there is no network."""
    if ctx.invoked_subcommand is None:
        output.data(ctx.get_help())
