"""The replicas as a pool from which an endpoint picker chooses by queue and cache.

https://gateway-api-inference-extension.sigs.k8s.io/api-types/inferencepool/
"""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object, Selector
from aim_runtime.deploy.needs import Needs

GROUP = "inference.networking.k8s.io"
PICKER_PORT = 9002


class Port(Object, frozen=True):
    number: int


class Picker(Object, frozen=True):
    name: str
    port: Port
    failure_mode: str


class PoolSpec(Object, frozen=True):
    selector: Selector
    target_ports: list[Port]
    endpoint_picker_ref: Picker


def picker(asked: Asked) -> str:
    """The Service of the endpoint picker, which its own chart installs."""
    return asked.endpoint_picker or f"{asked.name}-epp"


def inference_pool(wanted: Needs, asked: Asked) -> Document:
    """Where the picker is away, any replica answers: FailOpen."""
    return Document(
        api_version=f"{GROUP}/v1",
        kind="InferencePool",
        metadata=metadata(asked),
        spec=PoolSpec(
            selector=Selector(match_labels=selector(asked)),
            target_ports=[Port(number=wanted.port)],
            endpoint_picker_ref=Picker(
                name=picker(asked), port=Port(number=PICKER_PORT), failure_mode="FailOpen"
            ),
        ),
    )
