"""The address of all replicas: the engine's API on port 80, and the management port."""

from __future__ import annotations

from collections.abc import Mapping

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object
from aim_runtime.deploy.needs import Needs

PORT = 80


class ServicePort(Object, frozen=True):
    name: str
    port: int
    target_port: str
    app_protocol: str


class ServiceSpec(Object, frozen=True):
    selector: Mapping[str, str]
    ports: list[ServicePort]


def service(wanted: Needs, asked: Asked) -> Document:
    management = ServicePort(
        name="management", port=wanted.management_port, target_port="management", app_protocol="http"
    )
    return Document(
        api_version="v1",
        kind="Service",
        metadata=metadata(asked),
        spec=ServiceSpec(
            selector=selector(asked),
            ports=[
                ServicePort(name="http", port=PORT, target_port="http", app_protocol="http"),
                *([management] if wanted.management_port else []),
            ],
        ),
    )
