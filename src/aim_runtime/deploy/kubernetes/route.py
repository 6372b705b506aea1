"""The way from a Gateway to the replicas."""

from __future__ import annotations

from collections.abc import Sequence

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.inference_pool import GROUP
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document, Object
from aim_runtime.deploy.kubernetes.service import PORT


class Parent(Object, frozen=True):
    name: str
    namespace: str | None = None


class PathMatch(Object, frozen=True):
    type: str
    value: str


class Match(Object, frozen=True):
    path: PathMatch


class Backend(Object, frozen=True):
    name: str
    group: str | None = None
    kind: str | None = None
    port: int | None = None


class Timeouts(Object, frozen=True):
    request: str


class Rule(Object, frozen=True):
    matches: list[Match]
    backend_refs: list[Backend]
    timeouts: Timeouts


class RouteSpec(Object, frozen=True, kw_only=True):
    parent_refs: list[Parent]
    hostnames: Sequence[str] = ()
    rules: list[Rule]


def route(asked: Asked, gateway: str) -> Document:
    """`gateway` is its name, in another namespace with that in front: `gateways/public`."""
    namespace, _, name = gateway.rpartition("/")
    return Document(
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=metadata(asked),
        spec=RouteSpec(
            parent_refs=[Parent(name=name, namespace=namespace or None)],
            hostnames=[asked.hostname] if asked.hostname else (),
            rules=[
                Rule(
                    matches=[Match(path=PathMatch(type="PathPrefix", value="/"))],
                    backend_refs=[_backend(asked)],
                    # None: a long answer is streamed for minutes, and a proxy's usual limit is 15 s.
                    timeouts=Timeouts(request="0s"),
                )
            ],
        ),
    )


def _backend(asked: Asked) -> Backend:
    if asked.inference_pool:
        return Backend(group=GROUP, kind="InferencePool", name=asked.name)
    return Backend(name=asked.name, port=PORT)
