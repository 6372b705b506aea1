"""`aim-runtime cache export`: a model of the cache, written to where it can be carried from."""

from __future__ import annotations

from pathlib import Path

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import settings_from_environment
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.log import stopped, working
from aim_runtime.models.portable.export import export
from aim_runtime.models.portable.model import Format
from aim_runtime.serve import Stopped
from aim_runtime.site import cache_of


@click.command(
    "export",
    epilog="""\b
Examples:
  aim-runtime cache export Qwen/Qwen3-32B /media/disk/qwen3-32b
  aim-runtime cache export Qwen/Qwen3-32B qwen3-32b --format oci
  skopeo copy oci:qwen3-32b docker://registry.example/models/qwen3-32b:1
\b
Exit codes: 0 done, 2 PATH is there already or cannot be written, 5 the model is not in the cache or
not whole, 130 and 143 stopped by a signal.
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
    with working(settings) as (report, stop):
        try:
            written = export(model, cache_of(settings), path, Format(format_), report)
        except Stopped:
            return stopped(settings, stop, f"stopped; nothing is left at {path}")
    output.data(str(written))
    return 0
