"""What a person should know who opens the manifest of an AIMService."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aim_runtime.deploy.aim_engine.asked import Api, namespace_room
from aim_runtime.deploy.aim_engine.parts import GRACE_S
from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kubernetes.header import first, opening, within
from aim_runtime.deploy.needs import Needs


def header(wanted: Needs, asked: Asked, api: Api, command: str) -> str:
    """The lines of a comment; `command` is what made the manifest."""
    before = first(wanted, asked, _there(asked, api))
    pods = replace(wanted, times=replace(wanted.times, grace_s=GRACE_S))
    return "\n".join([*opening(pods, command), "", *before, *_then(asked)])


def _there(asked: Asked, api: Api) -> Iterator[str]:
    yield f"AMD's aim-engine with the API {api}, and KServe"
    if asked.namespace:
        yield f"the namespace {asked.namespace}"
    else:
        yield f"a namespace with a name of at most {namespace_room(asked)} characters"
    if asked.pull_secret:
        yield f"the secret {asked.pull_secret} for the image"
    if asked.autoscaler is Autoscaler.KEDA:
        yield "KEDA, its OpenTelemetry scaler and OpenTelemetry's operator"
    if asked.gateway:
        yield f"the Gateway {asked.gateway}"


def _then(asked: Asked) -> Iterator[str]:
    yield "Then:"
    yield f"  kubectl{within(asked)} apply -f THIS_FILE"
    yield f"  kubectl{within(asked)} get aimservice {asked.name} --watch"
