"""`aim-runtime generate aim-engine`: the objects of AMD's operator."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import NAMING, NODE_LABEL, PLACING, asked, options, planned
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.cli.generate.scaling import SCALING
from aim_runtime.deploy.aim_engine.asked import Api
from aim_runtime.deploy.aim_engine.header import header
from aim_runtime.deploy.aim_engine.render import render
from aim_runtime.deploy.documents import to_yaml

# The operator chooses the nodes itself, by the accelerators.
_PLACING = tuple(each for each in PLACING if each is not NODE_LABEL)
OPERATOR = (
    click.option(
        "--api",
        type=click.Choice([str(each) for each in Api]),
        default=str(Api.TEMPLATES),
        show_default=True,
        help="v1alpha2 is for newer operators: services of profiles.",
    ),
    click.option("--storage-class", metavar="NAME", help="Class of the volumes that the operator makes."),
    click.option("--gateway", metavar="[NAMESPACE/]NAME", help="The Gateway that leads here."),
)


@click.command(
    "aim-engine",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate aim-engine | kubectl apply -f -
  aim-runtime generate aim-engine --api v1alpha2 -n llm
  AIM_MODEL_ID=my-org/my-model AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate aim-engine --name mine
  aim-runtime generate aim-engine --autoscaler keda --replicas 1 --max-replicas 4 --gateway gateways/public
\b
The comments in front say what to create first. docs/kserve.md has more.
Exit codes: 0 written, 2 options that contradict, 3 and 4 no plan, 8 a plan that the operator cannot have.
""",
)
@options(NAMING, _PLACING, OPERATOR, SCALING)
@click.pass_context
def command(context: click.Context, /, engine_args: tuple[str, ...], api: str, **said: Any) -> None:
    """Write an AIMService of AMD's operator that serves the plan.

    With it comes what pins it to the plan: in v1alpha1 a model and a template, in v1alpha2 a profile where
    the image does not have the one that was chosen.
    """
    wanted = planned(engine_args)
    checked = asked(wanted, **said)
    objects = render(wanted, checked, Api(api))
    made_by = command_line(context, wanted.arguments)
    output.data(to_yaml(objects, header(wanted, checked, Api(api), made_by)).rstrip("\n"))
