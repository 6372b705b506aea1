"""`aim-runtime generate kserve`: an InferenceService, and what it uses."""

from __future__ import annotations

from typing import Any

import click

from aim_runtime.cli import output
from aim_runtime.cli.generate.planning import ASKING, CACHING, NAMING, PLACING, SURGE, asked, options, planned
from aim_runtime.cli.generate.repeat import command_line
from aim_runtime.cli.generate.scaling import SCALING
from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.kserve.asked import KServe, Mode, Runtime
from aim_runtime.deploy.kserve.header import header
from aim_runtime.deploy.kserve.render import render
from aim_runtime.errors import InvalidValue

KSERVE = (
    click.option("--runtime", is_flag=True, help="A ServingRuntime, and a service that uses it."),
    click.option("--cluster-runtime", is_flag=True, help="With --runtime: one for all namespaces."),
    click.option(
        "--deployment-mode",
        type=click.Choice([str(each) for each in Mode]),
        default=str(Mode.STANDARD),
        show_default=True,
        help="RawDeployment is what KServe before 0.16 calls it.",
    ),
    SURGE,
)


@click.command(
    "kserve",
    epilog="""\b
Examples:
  AIM_ID=Qwen/Qwen3-32B AIM_ACCELERATOR_MODEL=MI300X aim-runtime generate kserve -n llm | kubectl apply -f -
  aim-runtime generate kserve --runtime -n llm
  aim-runtime generate kserve --runtime --cluster-runtime --claim weights -n llm
  aim-runtime generate kserve --autoscaler keda --replicas 1 --max-replicas 4
\b
The comments in front say what to create first. docs/kserve.md has more.
Exit codes: 0 written, 2 options that contradict, 3 and 4 no plan, 8 a plan that needs what only this
machine has.
""",
)
@options(NAMING, PLACING, CACHING, KSERVE, SCALING, (ASKING,))
@click.pass_context
def command(
    context: click.Context,
    /,
    engine_args: tuple[str, ...],
    runtime: bool,
    cluster_runtime: bool,
    deployment_mode: str,
    **said: Any,
) -> None:
    """Write an InferenceService of KServe that serves the plan.

    It has the container itself, or with --runtime uses a runtime that has it. The volume for the weights
    comes first, unless --claim names one that is there.
    """
    if cluster_runtime and not runtime:
        raise InvalidValue(
            "--cluster-runtime without --runtime: no runtime was asked for",
            hint="add --runtime, or leave --cluster-runtime out",
        )
    wanted = planned(engine_args)
    kind = (Runtime.CLUSTER if cluster_runtime else Runtime.NAMESPACE) if runtime else Runtime.NONE
    checked = asked(wanted, **said)
    objects = render(wanted, checked, KServe(kind, Mode(deployment_mode)))
    made_by = command_line(context, wanted.arguments)
    output.data(to_yaml(objects, header(wanted, checked, made_by)).rstrip("\n"))
