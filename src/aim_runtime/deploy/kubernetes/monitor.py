"""What Prometheus' operator scrapes: the engine's metrics, and the runtime's own."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object, Selector
from aim_runtime.deploy.needs import Needs

_EVERY = "15s"


class MetricsEndpoint(Object, frozen=True):
    port: str
    path: str
    interval: str


class MonitorSpec(Object, frozen=True):
    selector: Selector
    pod_metrics_endpoints: list[MetricsEndpoint]


def pod_monitor(wanted: Needs, asked: Asked) -> Document:
    """Of pods and not of the service, which has only those that are ready."""
    ports = ["http", *(["management"] if wanted.management_port else [])]
    return Document(
        api_version="monitoring.coreos.com/v1",
        kind="PodMonitor",
        metadata=metadata(asked),
        spec=MonitorSpec(
            selector=Selector(match_labels=selector(asked)),
            pod_metrics_endpoints=[
                MetricsEndpoint(port=port, path="/metrics", interval=_EVERY) for port in ports
            ],
        ),
    )
