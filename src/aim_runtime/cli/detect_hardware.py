"""`aim-runtime detect-hardware`: what computes here, for people, orchestrators and node labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.detected import rows, verbose_rows
from aim_runtime.cli.environment import settings_with_warnings
from aim_runtime.cli.features import keep_writing
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.render import to_yaml
from aim_runtime.errors import InvalidValue
from aim_runtime.site import look
from aim_runtime.vocabulary import AcceleratorType

_FORMATS: dict[str, Callable[[Any], str]] = {
    "json": lambda found: json.dumps(found, indent=2, ensure_ascii=False),
    "yaml": to_yaml,
}


@click.command(
    "detect-hardware",
    epilog="""\b
Examples:
  aim-runtime detect-hardware
  aim-runtime detect-hardware --type gpu -v --format yaml
  aim-runtime detect-hardware --nfd /etc/kubernetes/node-feature-discovery/features.d/aim --interval 300
\b
A saved or mounted tree is looked at with AIM_HOST_ROOT=FOLDER.
""",
)
@click.option(
    "--type",
    "type_",
    type=click.Choice(["all", *map(str, AcceleratorType)]),
    default="all",
    show_default=True,
    help="Which kinds of accelerators.",
)
@format_option(*_FORMATS)
@click.option("-v", "--verbose", is_flag=True, help="Every device, all that is known of it, and how.")
@click.option(
    "--nfd",
    "feature_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write node labels to this file for Node Feature Discovery, instead of printing.",
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="With --nfd: write again after so many seconds, until stopped.",
)
def command(
    type_: str, format_: str, verbose: bool, feature_file: Path | None, interval_s: float | None
) -> None:
    """Print the accelerators of this machine as a list.

    Each entry has accelerator_type, accelerator_model and accelerator_count; GPUs that are not alike
    have an entry each, and what is in no table has none. Variables that hide devices from the GPU
    runtime hide them here too. For a CPU the count is that of the whole machine's logical CPUs.
    """
    if interval_s and not feature_file:
        raise InvalidValue("--interval repeats what --nfd writes", hint="add --nfd FILE")
    settings = settings_with_warnings()
    wanted = tuple(AcceleratorType) if type_ == "all" else (AcceleratorType(type_),)
    if feature_file:
        keep_writing(feature_file, interval_s, lambda: look(settings), wanted)
        return
    hardware = look(settings)
    for problem in hardware.problems:
        output.warning(problem)
    found = verbose_rows(hardware, wanted, settings.host_root) if verbose else rows(hardware, wanted)
    output.data(_FORMATS[format_](found))
