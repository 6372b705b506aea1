"""More replicas when requests queue, fewer when there is room: by KEDA, or by Kubernetes' own autoscaler.

Three numbers decide, and the one that asks for most wins. Requests that wait ask for more. What runs, and
how full the KV cache is, keep what is needed: an empty queue alone would take away the replicas that
emptied it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document, Object
from aim_runtime.deploy.needs import Needs

# Requests that wait for each replica; a queue that long is not a moment's.
WAITING = 5
# Of what a replica holds at most: requests at once, blocks of the KV cache.
BUSY = 0.75
# A replica that goes takes its warm cache with it, and one that comes needs minutes.
UP_WINDOW_S, DOWN_WINDOW_S = 60, 600
_SCALE_DOWN = {
    "stabilizationWindowSeconds": DOWN_WINDOW_S,
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
}
BEHAVIOR = {"scaleUp": {"stabilizationWindowSeconds": UP_WINDOW_S}, "scaleDown": _SCALE_DOWN}


@dataclass(frozen=True)
class Signal:
    """One of vLLM's gauges, of all replicas together, and how much of it each should have."""

    gauge: str
    each: float

    @property
    def quantity(self) -> str:
        """As the API has numbers: `750m` for 0.75."""
        return f"{self.each:g}" if self.each == int(self.each) else f"{round(self.each * 1000)}m"


def signals(wanted: Needs) -> list[Signal]:
    at_once = wanted.requests_at_once
    running = [Signal("num_requests_running", max(1, round(BUSY * at_once)))] if at_once else []
    return [Signal("num_requests_waiting", WAITING), *running, Signal("kv_cache_usage_perc", BUSY)]


class Trigger(Object, frozen=True):
    type: str
    name: str
    metadata: dict[str, str]
    metric_type: str


class Target(Object, frozen=True):
    name: str
    api_version: str | None = None
    kind: str | None = None


class ScaledObjectSpec(Object, frozen=True):
    scale_target_ref: Target
    polling_interval: int
    min_replica_count: int
    max_replica_count: int
    advanced: dict[str, Any]
    triggers: list[Trigger]


class AutoscalerSpec(Object, frozen=True):
    scale_target_ref: Target
    min_replicas: int
    max_replicas: int
    metrics: list[dict[str, Any]]
    behavior: dict[str, Any]


def autoscaler(wanted: Needs, asked: Asked) -> list[Document]:
    """What was asked for, which may be nothing."""
    if asked.autoscaler is Autoscaler.KEDA:
        return [scaled_object(wanted, asked)]
    return [horizontal(wanted, asked)] if asked.autoscaler is Autoscaler.HPA else []


def scaled_object(wanted: Needs, asked: Asked) -> Document:
    """Never to zero: then there would be no engine to say that requests wait."""
    return Document(
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata=metadata(asked),
        spec=ScaledObjectSpec(
            scale_target_ref=Target(name=asked.name),
            polling_interval=15,
            min_replica_count=asked.replicas,
            max_replica_count=asked.max_replicas,
            advanced={"horizontalPodAutoscalerConfig": {"behavior": BEHAVIOR}},
            triggers=[_trigger(each, asked) for each in signals(wanted)],
        ),
    )


def _trigger(signal: Signal, asked: Asked) -> Trigger:
    return Trigger(
        type="prometheus",
        name=signal.gauge.replace("_", "-"),
        metadata={
            "serverAddress": asked.prometheus,
            "query": query(signal.gauge, asked),
            "threshold": f"{signal.each:g}",
            # A Prometheus that knows nothing of the pods must not be read as a queue of nobody.
            "ignoreNullValues": "false",
        },
        metric_type="AverageValue",
    )


def query(gauge: str, asked: Asked) -> str:
    """The sum over this deployment's pods, and over none of one whose name only begins the same.

    Kubernetes cuts what is in front of a pod's last five letters at 58: of a long name the second dash.
    """
    return summed(gauge, f"{asked.name}-[a-z0-9]+(-[a-z0-9]{{5}})?", asked)


def summed(gauge: str, pods: str, asked: Asked) -> str:
    """The sum of one of vLLM's gauges over the pods whose names are as `pods` says."""
    namespace = f'namespace="{asked.namespace}",' if asked.namespace else ""
    return f'sum(vllm:{gauge}{{{namespace}pod=~"{pods}"}})'


def horizontal(wanted: Needs, asked: Asked) -> Document:
    """For prometheus-adapter, whose metrics have `_` for the `:` of vLLM's names."""
    return Document(
        api_version="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        metadata=metadata(asked),
        spec=AutoscalerSpec(
            scale_target_ref=Target(api_version="apps/v1", kind="Deployment", name=asked.name),
            min_replicas=asked.replicas,
            max_replicas=asked.max_replicas,
            metrics=[_metric(each) for each in signals(wanted)],
            behavior=BEHAVIOR,
        ),
    )


def _metric(signal: Signal) -> dict[str, Any]:
    return {
        "type": "Pods",
        "pods": {
            "metric": {"name": f"vllm_{signal.gauge}"},
            "target": {"type": "AverageValue", "averageValue": signal.quantity},
        },
    }
