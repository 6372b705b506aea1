"""The plan that a manifest is made from, and the options that most platforms share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.cli.generate.contradictions import refuse_contradictions
from aim_runtime.cli.generate.names import NAMES, checked_image, node_label
from aim_runtime.cli.generate.scaling import scaling
from aim_runtime.cli.generate.together import together
from aim_runtime.deploy.asked import (
    PROMETHEUS,
    TOKEN_SECRET,
    Access,
    Asked,
    Autoscaler,
    checked_name,
    usual_gpu_resource,
    usual_image,
    usual_name,
)
from aim_runtime.deploy.needs import Needs, needs
from aim_runtime.plan import Plan, make_plan
from aim_runtime.site import survey
from aim_runtime.variables import DEFAULT_MASTER_PORT

_Command = TypeVar("_Command", bound=Callable[..., Any])

ENGINE_ARGS = click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
NAMING = (
    click.option("--name", metavar="NAME", help="Name of every object.  [default: the model's own]"),
    click.option(
        "--image",
        metavar="IMAGE",
        help="The image, best with its digest.  [default: ours, of this version]",
    ),
)
NODE_LABEL = click.option(
    "--node-label",
    "node_labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only nodes with this label; may be given several times.",
)
PLACING = (
    click.option("--namespace", "-n", metavar="NAME", help="Namespace of every object."),
    click.option(
        "--replicas",
        type=click.IntRange(0),
        default=1,
        show_default=True,
        help="Copies of the service; with an autoscaler the fewest.",
    ),
    click.option("--gpu-resource", metavar="NAME", help="What GPUs are called.  [default: VENDOR/gpu]"),
    NODE_LABEL,
    click.option("--pull-secret", metavar="NAME", help="Secret with which the image is pulled."),
    click.option(
        "--token-secret",
        metavar="NAME",
        default=TOKEN_SECRET,
        show_default=True,
        help="Secret with the keys hf-token, aws-access-key-id, …",
    ),
)
CACHING = (
    click.option("--claim", metavar="NAME", help="A volume claim that is there already, for the weights."),
    click.option("--storage-class", metavar="NAME", help="Class of the new claim.  [default: the usual]"),
    click.option(
        "--access",
        type=click.Choice([str(each) for each in Access]),
        default=str(Access.MANY),
        show_default=True,
        help="How the volume can be mounted.",
    ),
    click.option("--cache/--no-cache", default=True, help="Without: weights are fetched at every start."),
)
DOWNLOAD = click.option("--download", is_flag=True, help="A Job that fetches the weights beforehand.")
SURGE = click.option(
    "--surge", is_flag=True, help="Update by a new pod beside the old one; needs free accelerators."
)
ASKING = click.option(
    "--prometheus", metavar="URL", default=PROMETHEUS, show_default=True, help="What KEDA asks."
)
AROUND = (
    DOWNLOAD,
    SURGE,
    *scaling(*Autoscaler),
    ASKING,
    click.option("--monitor", is_flag=True, help="A PodMonitor for Prometheus' operator."),
    click.option(
        "--network-policy/--no-network-policy",
        default=True,
        show_default=True,
        help="Only clients in; only names and weights out.",
    ),
    click.option("--gateway", metavar="[NAMESPACE/]NAME", help="The Gateway whose HTTPRoute leads here."),
    click.option("--hostname", metavar="HOST", help="The host name of the route."),
    click.option("--inference-pool", is_flag=True, help="An InferencePool; the route leads to it."),
    click.option(
        "--endpoint-picker",
        metavar="SERVICE",
        help="What chooses within the pool.  [default: NAME-epp]",
    ),
)


def options(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[_Command], _Command]:
    """Give a command groups of options, and the engine's arguments after `--`."""

    def decorate(command: _Command) -> _Command:
        for option in reversed([each for group in groups for each in group]):
            command = option(command)
        return ENGINE_ARGS(command)

    return decorate


def planned(engine_args: tuple[str, ...], *, machines: int = 1, port: int = DEFAULT_MASTER_PORT) -> Needs:
    """What the plan needs that `plan_for` makes."""
    return needs(plan_for(engine_args, machines=machines, port=port), inherited())


def plan_for(engine_args: tuple[str, ...], *, machines: int = 1, port: int = DEFAULT_MASTER_PORT) -> Plan:
    """Plan for this machine or the declared one; what the user should know of it is said.

    For several `machines` that serve together, which meet at `port`, it is the plan of the one that leads.
    """
    settings = together(settings_from_environment(engine_args), machines, port)
    plan = make_plan(settings, survey(settings, environment=inherited()))
    for warning in plan.warnings:
        output.warning(warning)
    return plan


def asked(wanted: Needs, *, name: str | None, image: str | None, **said: Any) -> Asked:
    """Check what was said and fill in what is usual; raises InvalidValue for what cannot be."""
    refuse_contradictions(said, given())
    for key, check in NAMES.items():
        if said.get(key):
            check(said[key], f"--{key.replace('_', '-')}")
    said["node_labels"] = tuple(map(node_label, said.get("node_labels", ())))
    if "access" in said:
        said["access"] = Access(said["access"])
    if "autoscaler" in said:
        said["autoscaler"] = Autoscaler(said["autoscaler"])
    if "gpu_resource" in said:
        said["gpu_resource"] = said["gpu_resource"] or usual_gpu_resource(wanted)
    return Asked(
        checked_name(name) if name else usual_name(wanted),
        checked_image(image) if image else usual_image(wanted),
        **said,
    )


def given() -> frozenset[str]:
    """The parameters of this command that the user named."""
    context = click.get_current_context()
    return frozenset(
        name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    )
