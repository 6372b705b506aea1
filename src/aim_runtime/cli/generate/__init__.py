"""`aim-runtime generate PLATFORM`: manifests from the plan. A platform is imported when it is asked for."""

from __future__ import annotations

import click

from aim_runtime.cli import output
from aim_runtime.cli.lazy import LazyGroup

VERBS = {
    "docker": "A shell script with one command for docker or podman.",
    "compose": "A Compose file, for docker compose and podman-compose.",
    "quadlet": "Units from which podman makes a service of systemd.",
    "kubernetes": "A Deployment, with all that stands around it.",
    "kserve": "An InferenceService of KServe.",
    "aim-engine": "An AIMService of the operator by AMD.",
    "helm-values": "The values of our Helm chart, deploy/helm/aim.",
    "leaderworkerset": "Several machines that serve a model together.",
    "labels": "What is written on the image of an AIM.",
}


@click.group(
    "generate",
    cls=LazyGroup,
    verbs=VERBS,
    package=__name__,
    invoke_without_command=True,
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate kubernetes | kubectl apply -f -
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate kserve > qwen.yaml

\b
What is written follows from the plan that dry-run prints, for this machine or for the one that
AIM_ACCELERATOR_MODEL and AIM_ACCELERATOR_COUNT declare.
""",
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Write what an orchestrator needs, from the plan."""
    if ctx.invoked_subcommand is None:
        output.data(ctx.get_help())
