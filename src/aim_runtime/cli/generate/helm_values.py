"""`aim-runtime generate helm-values`: the values of our Helm chart."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import AROUND, CACHING, NAMING, PLACING, asked, options, planned
from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.helm.values import values

_CHART = "deploy/helm/aim"


@click.command(
    "helm-values",
    epilog=f"""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate helm-values > qwen.yaml
  helm install qwen3-32b {_CHART} --values qwen.yaml

\b
Release and namespace are named by helm: --name and --namespace only change the command in the first lines.
""",
)
@options(NAMING, PLACING, CACHING, AROUND)
def command(engine_args: tuple[str, ...], **said: Any) -> None:
    """Write the values with which the chart deploy/helm/aim makes what generate kubernetes writes."""
    wanted = planned(engine_args)
    wishes = asked(wanted, **said)
    output.data(to_yaml([values(wanted, wishes)], _header(wishes)))


def _header(wishes: Asked) -> str:
    namespace = f" --namespace {wishes.namespace} --create-namespace" if wishes.namespace else ""
    return f"helm upgrade --install {wishes.name} {_CHART}{namespace} --values THIS-FILE"
