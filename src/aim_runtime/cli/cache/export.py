"""`aim-runtime cache export`: a model of the cache, written to where it can be carried from."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.log import Log
from aim_runtime.models.cache import Cache
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.portable.export import export
from aim_runtime.models.portable.model import Format
from aim_runtime.serve import Stopped, stop_signals


@click.command(
    "export",
    epilog="""\b
Examples:
  aim-runtime cache export Qwen/Qwen3-32B /media/disk/qwen3-32b
  aim-runtime cache export Qwen/Qwen3-32B qwen3-32b --format oci
  skopeo copy oci:qwen3-32b docker://registry.example/models/qwen3-32b:1
\b
Exit codes: 0 done, 2 PATH is there already or cannot be written, 5 the model is not in the cache or
not whole, 130 stopped by a signal.
""",
)
@click.argument("model", metavar="ORG/MODEL")
@click.argument("path", type=click.Path(path_type=Path))
@format_option(
    *(each.value for each in Format),
    help_="folder has the files and SHA256SUMS; oci is an OCI image layout, with the files as layers.",
)
def command(model: str, path: Path, format_: str) -> int:
    """Write the model ORG/MODEL of the cache to the new folder PATH, to carry it to another machine.

    Every byte is read and compared with its digest on the way. A folder is a copy; the blobs of an OCI
    image layout are the files of the cache by a second name where PATH is on the same file system, and
    take no room then. The path is printed on stdout.
    """
    settings = settings_from_environment()
    with Log(settings) as log, stop_signals() as stop:
        log.warn(settings.warnings)

        def report(event: Event) -> None:
            log.report(event)
            stop.check()

        try:
            written = export(model, Cache(settings.cache_path), path, Format(format_), report)
        except Stopped:
            log.report(Notice(f"stopped; nothing is left at {path}"))
            return 130
    output.data(str(written))
    return 0
