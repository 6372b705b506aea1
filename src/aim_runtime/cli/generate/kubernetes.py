"""`aim-runtime generate kubernetes`: a Deployment and what stands around it."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import AROUND, CACHING, NAMING, PLACING, asked, options, planned
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.kubernetes.header import header
from aim_runtime.deploy.kubernetes.render import render


@click.command(
    "kubernetes",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate kubernetes | kubectl apply -f -
  aim-runtime generate kubernetes -n llm --replicas 2 --monitor --autoscaler keda --max-replicas 8
  aim-runtime generate kubernetes --claim weights --gateway gateways/public --hostname llm.example.com
  aim-runtime generate kubernetes --no-cache -- --max-model-len 32768
\b
The comments in front say what to create first. docs/kubernetes.md has the words to each object.
Exit codes: 0 written, 2 options that contradict, 3 and 4 no plan, 8 a plan that needs what only this
machine has.
""",
)
@options(NAMING, PLACING, CACHING, AROUND)
@click.pass_context
def command(context: click.Context, /, engine_args: tuple[str, ...], **said: Any) -> None:
    """Write Kubernetes manifests that serve the plan."""
    wanted = planned(engine_args)
    checked = asked(wanted, **said)
    objects = render(wanted, checked)
    made_by = command_line(context, wanted.arguments)
    output.data(to_yaml(objects, header(wanted, checked, made_by)).rstrip("\n"))
