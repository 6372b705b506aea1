"""`aim-runtime cache import`: what was exported elsewhere, put into this cache."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import settings_from_environment
from aim_runtime.cli.log import Log
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.portable.take_in import take_in
from aim_runtime.serve import Stopped, stop_signals


@click.command(
    "import",
    epilog="""\b
Examples:
  aim-runtime cache import /media/disk/qwen3-32b
  aim-runtime cache import downloads/some-layout --as acme/tuned
\b
Exit codes: 0 done or there already, 2 no name for the model, 5 damaged, not whole, no model or no room,
130 stopped by a signal.
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
    with Log(settings) as log, stop_signals() as stop:
        log.warn(settings.warnings)

        def report(event: Event) -> None:
            log.report(event)
            stop.check()

        try:
            folder = take_in(path, Cache(settings.cache_path), report, model_id=model)
        except Stopped:
            log.report(Notice("stopped; nothing of it is in the cache"))
            return 130
    output.data(str(folder))
    return 0
