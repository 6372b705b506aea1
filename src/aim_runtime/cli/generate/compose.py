"""`aim-runtime generate compose`: one file for docker compose and podman-compose."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli.generate.containing import (
    CONTAINER,
    OUTPUT,
    SECRET_FILES,
    File,
    containing,
    deliver,
)
from aim_runtime.cli.generate.planning import NAMING, options
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.deploy.compose.render import render
from aim_runtime.deploy.container.notes import notes, readable
from aim_runtime.deploy.documents import to_yaml

_USE = ("docker compose up --wait, or podman-compose up --detach, in the folder of this file.",)


@click.command(
    "compose",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate compose > compose.yaml
  aim-runtime generate compose --secret HF_TOKEN=hf-token --publish 127.0.0.1:8000 > compose.yaml
  AIM_PROFILE_ID=custom/general/mine aim-runtime generate compose --output qwen
""",
)
@options(NAMING, CONTAINER, SECRET_FILES, OUTPUT)
@click.pass_context
def command(context: click.Context, /, engine_args: tuple[str, ...], output: str | None, **said: Any) -> None:
    """Write a Compose file that serves the plan on one machine."""
    wanted, asked = containing(engine_args, **said)
    made_by = command_line(context, wanted.arguments)
    text = to_yaml(
        render(wanted, asked), notes(wanted, asked, made_by=made_by, use=(*_USE, *readable(asked))) + "\n"
    )
    deliver([File("compose.yaml", text)], wanted, output)
