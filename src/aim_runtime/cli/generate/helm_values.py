"""`aim-runtime generate helm-values`: the values of our Helm chart."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import AROUND, CACHING, NAMING, PLACING, asked, options, planned
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.helm.header import CHART, header
from aim_runtime.deploy.helm.values import values


@click.command(
    "helm-values",
    epilog=f"""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate helm-values > qwen.yaml
  helm upgrade --install qwen3-32b {CHART} --values qwen.yaml
  aim-runtime generate helm-values --replicas 2 --monitor --autoscaler keda --max-replicas 8
\b
Names are the release's, and its namespace is helm's: --name and --namespace are only in the command that
the comments in front say. docs/helm.md has more.
""",
)
@options(NAMING, PLACING, CACHING, AROUND)
@click.pass_context
def command(context: click.Context, /, engine_args: tuple[str, ...], **said: Any) -> None:
    """Write the values with which our Helm chart makes what generate kubernetes writes."""
    wanted = planned(engine_args)
    checked = asked(wanted, **said)
    made_by = command_line(context, wanted.arguments)
    output.data(to_yaml([values(wanted, checked)], header(wanted, checked, made_by)).rstrip("\n"))
