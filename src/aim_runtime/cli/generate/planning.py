"""The plan that a manifest is made from, and the options that most platforms share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from aim_runtime.cli import output
from aim_runtime.cli.environment import inherited, settings_from_environment
from aim_runtime.deploy.asked import (
    GPU_RESOURCE,
    TOKEN_SECRET,
    Access,
    Asked,
    Autoscaler,
    checked_name,
    usual_image,
    usual_name,
)
from aim_runtime.deploy.needs import Needs, needs
from aim_runtime.errors import InvalidValue
from aim_runtime.plan import make_plan
from aim_runtime.site import survey

_Command = TypeVar("_Command", bound=Callable[..., Any])

ENGINE_ARGS = click.argument("engine_args", nargs=-1, type=click.UNPROCESSED, metavar="[-- ENGINE_ARGS]...")
NAMING = (
    click.option("--name", help="Name of every object.  [default: the model's own]"),
    click.option("--image", help="The image, best with its digest.  [default: ours, of this version]"),
)
PLACING = (
    click.option("--namespace", "-n", help="Namespace of every object."),
    click.option("--replicas", type=click.IntRange(0), default=1, show_default=True),
    click.option("--gpu-resource", default=GPU_RESOURCE, show_default=True, help="What the GPUs are called."),
    click.option("--node-label", "node_labels", multiple=True, metavar="KEY=VALUE", help="Only such nodes."),
    click.option("--pull-secret", help="Secret with which the image is pulled."),
    click.option(
        "--token-secret", default=TOKEN_SECRET, show_default=True, help="Secret with the key hf-token."
    ),
)
CACHING = (
    click.option("--claim", help="A volume claim that is there already, for the weights."),
    click.option("--storage-class", help="Storage class of the volume claim."),
    click.option(
        "--access",
        type=click.Choice([str(each) for each in Access]),
        default=str(Access.MANY),
        show_default=True,
    ),
    click.option("--cache/--no-cache", default=True, help="Without: weights are fetched at every start."),
)
AROUND = (
    click.option("--download", is_flag=True, help="A Job that fetches the weights beforehand."),
    click.option(
        "--autoscaler",
        type=click.Choice([str(each) for each in Autoscaler]),
        default=str(Autoscaler.NONE),
        show_default=True,
    ),
    click.option("--max-replicas", type=click.IntRange(1), default=4, show_default=True),
    click.option("--monitor", is_flag=True, help="A PodMonitor for Prometheus' operator."),
    click.option("--network-policy/--no-network-policy", default=True, show_default=True),
    click.option("--gateway", help="The Gateway whose HTTPRoute leads here."),
    click.option("--hostname", help="The host name of the route."),
    click.option("--inference-pool", is_flag=True, help="An InferencePool; the route leads to it."),
)


def options(*groups: tuple[Callable[[Any], Any], ...]) -> Callable[[_Command], _Command]:
    """Give a command groups of options, and the engine's arguments after `--`."""

    def decorate(command: _Command) -> _Command:
        for option in reversed([each for group in groups for each in group]):
            command = option(command)
        return ENGINE_ARGS(command)

    return decorate


def planned(engine_args: tuple[str, ...]) -> Needs:
    """Plan for this machine or the declared one; what the user should know of it is said."""
    settings = settings_from_environment(engine_args)
    plan = make_plan(settings, survey(settings, environment=inherited()))
    for warning in plan.warnings:
        output.warning(warning)
    return needs(plan, inherited())


def asked(wanted: Needs, *, name: str | None, image: str | None, **said: Any) -> Asked:
    """Check what was said and fill in what is usual."""
    for key in ("namespace", "claim", "token_secret", "pull_secret"):
        if said.get(key):
            checked_name(said[key], what=f"--{key.replace('_', '-')}")
    said["node_labels"] = tuple(map(_label, said.get("node_labels", ())))
    if "access" in said:
        said["access"] = Access(said["access"])
    if "autoscaler" in said:
        said["autoscaler"] = Autoscaler(said["autoscaler"])
    return Asked(checked_name(name) if name else usual_name(wanted), image or usual_image(wanted), **said)


def _label(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not (key and separator):
        raise InvalidValue(f"--node-label {text!r} has no value", hint="write it as KEY=VALUE")
    return key, value
