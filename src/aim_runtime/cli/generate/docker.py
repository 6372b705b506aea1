"""`aim-runtime generate docker`: one command for docker or podman, a flag a line."""

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
from aim_runtime.deploy.container.notes import notes, readable
from aim_runtime.deploy.docker.render import Engine, render, script


@click.command(
    "docker",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate docker > serve.sh
  aim-runtime generate docker --secret HF_TOKEN=/etc/aim/hf-token | sh
  aim-runtime generate docker --engine podman --rootless > serve.sh
""",
)
@click.option(
    "--engine",
    type=click.Choice([str(each) for each in Engine]),
    default="docker",
    show_default=True,
    help="What runs it.",
)
@options(NAMING, CONTAINER, SECRET_FILES, OUTPUT)
@click.pass_context
def command(
    context: click.Context, /, engine_args: tuple[str, ...], engine: str, output: str | None, **said: Any
) -> None:
    """Write a shell script with the one command that serves the plan on one machine."""
    wanted, asked = containing(engine_args, **said)
    made_by = command_line(context, wanted.arguments)
    use = (
        f"Before it is started anew: {engine} rm --force {asked.name}",
        *readable(asked),
    )
    text = script(
        render(wanted, asked, Engine(engine)), notes(wanted, asked, made_by=made_by, use=use) + "\n"
    )
    deliver([File("serve.sh", text, runs=True)], wanted, output)
