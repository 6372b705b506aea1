"""`aim-runtime profiles schema`: the JSON Schema of a profile."""

from __future__ import annotations

import json

import click

from aim_runtime.authoring.schema import profile_schema
from aim_runtime.cli import output


@click.command(
    "schema",
    epilog="""\b
Examples:
  aim-runtime profiles schema > profile.schema.json
\b
Then let this be the first line of a profile, for editors with the YAML language server:
  # yaml-language-server: $schema=profile.schema.json
""",
)
def command() -> None:
    """Print the JSON Schema of a profile file, by which editors complete and check it.

    Engine arguments depend on the engine's version: aim-runtime profiles lint checks them.
    """
    output.data(json.dumps(profile_schema(), indent=2))
