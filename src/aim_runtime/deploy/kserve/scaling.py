"""More replicas when requests queue: KServe makes a ScaledObject of KEDA's from this."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kserve.objects import (
    AutoScaling,
    Behavior,
    ExternalMetric,
    ExternalSource,
    Metric,
    Target,
    Window,
)
from aim_runtime.deploy.kubernetes.autoscale import DOWN_WINDOW_S, UP_WINDOW_S, Signal, signals, summed
from aim_runtime.deploy.needs import Needs

# Of a pod's name, before the five characters that make it unique (apiserver, storage/names).
_KEPT = 58


def scaling(wanted: Needs, asked: Asked) -> AutoScaling:
    """KServe gives KEDA the windows alone, without policies (keda_reconciler.go)."""
    return AutoScaling(
        metrics=[_metric(each, asked) for each in signals(wanted)],
        behavior=Behavior(
            scale_up=Window(stabilization_window_seconds=UP_WINDOW_S),
            scale_down=Window(stabilization_window_seconds=DOWN_WINDOW_S),
        ),
    )


def _metric(signal: Signal, asked: Asked) -> Metric:
    """KEDA divides the sum by the number of replicas. Of the targets, KServe reads `value` alone."""
    metric = ExternalMetric(
        backend="prometheus", server_address=asked.prometheus, query=query(signal.gauge, asked)
    )
    target = Target(type="Value", value=signal.quantity)
    return Metric(type="External", external=ExternalSource(metric=metric, target=target))


def query(gauge: str, asked: Asked) -> str:
    """The sum over this service's pods, whose names Kubernetes cuts before it adds to them."""
    kept = f"{asked.name}-predictor-"[:_KEPT]
    return summed(gauge, f"{kept}.*", asked)
