"""`aim-runtime generate quadlet`: units from which podman makes a service of systemd."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli.generate.containing import (
    CONTAINER,
    OUTPUT,
    File,
    containing,
    deliver,
    secret_option,
)
from aim_runtime.cli.generate.planning import NAMING, options
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.deploy.container.notes import notes
from aim_runtime.deploy.quadlet.render import render
from aim_runtime.deploy.quadlet.text import to_unit

_FOLDERS = "/etc/containers/systemd", "~/.config/containers/systemd"


@click.command(
    "quadlet",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate quadlet
  sudo -E aim-runtime generate quadlet --output /etc/containers/systemd
  aim-runtime generate quadlet --rootless --secret HF_TOKEN=hf-token --output ~/.config/containers/systemd
""",
)
@options(
    NAMING,
    CONTAINER,
    secret_option("SECRET", "A secret of podman's: HF_TOKEN=hf-token, for example."),
    OUTPUT,
)
@click.pass_context
def command(context: click.Context, /, engine_args: tuple[str, ...], output: str | None, **said: Any) -> None:
    """Write a .container and a .volume unit that serve the plan as a service of systemd.

    Without --output they are printed one after the other, each with its name in front.
    """
    wanted, asked = containing(engine_args, **said)
    made_by = command_line(context, wanted.arguments)
    system = "systemctl --user" if asked.rootless else "systemctl"
    use = (
        f"In {_FOLDERS[asked.rootless]}; then {system} daemon-reload && {system} start {asked.name}.",
        *(f"Before: podman secret create {source} FILE, as the same user." for _, source in asked.secrets),
    )
    header = notes(wanted, asked, made_by=made_by, use=use)
    first, *more = render(wanted, asked)
    files = [File(first.name, to_unit(first, header))]
    files += [File(each.name, to_unit(each, f"The cache of {first.name}.")) for each in more]
    deliver(files, wanted, output)
