"""`aim-runtime cache import`: what was exported elsewhere, put into this cache."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import settings_from_environment
from aim_runtime.cli.log import stopped, working
from aim_runtime.models.cache import Cache
from aim_runtime.models.portable.take_in import take_in
from aim_runtime.serve import Stopped


@click.command(
    "import",
    epilog="""\b
Examples:
  aim-runtime cache import /media/disk/qwen3-32b
  aim-runtime cache import downloads/some-layout --as acme/tuned
\b
Exit codes: 0 done or there already, 2 no name for the model, 5 damaged, not whole, no model or no room,
130 and 143 stopped by a signal.
""",
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--as", "model", metavar="ORG/MODEL", help="The name in the cache; without it the one it had.")
def command(path: Path, model: str | None) -> int:
    """Put the exported model at PATH into the cache, where `serve` finds it without a network.

    PATH is a folder or an OCI image layout, as `cache export` or skopeo write them; which of them it is
    is found out. Every byte is compared with its digest first: of a model that is damaged or not whole,
    nothing gets into the cache. The folder of the model is printed on stdout.
    """
    settings = settings_from_environment()
    with working(settings) as (report, stop):
        try:
            folder = take_in(path, Cache(settings.cache_path), report, model_id=model)
        except Stopped:
            return stopped(settings, stop, "stopped; nothing of it is in the cache")
    output.data(str(folder))
    return 0
