"""How Kubernetes asks whether a pod has started, is ready, and lives."""

from __future__ import annotations

from math import ceil

from aim_runtime.deploy.kubernetes.objects import HttpGet, Probe
from aim_runtime.deploy.needs import Needs

_PERIOD_S, _LIVE_FAILURES = 10, 6


def probes(wanted: Needs) -> dict[str, Probe]:
    """Started within the budget; then ready when the engine answers, and live unless it hangs.

    They ask the management port, which tells a start that goes on from one that hangs.
    """
    port = "management" if wanted.management_port else "http"
    ready = HttpGet(path="/health/ready" if wanted.management_port else "/health", port=port)
    live = HttpGet(path="/health/live" if wanted.management_port else "/health", port=port)
    return {
        "startup_probe": Probe(
            http_get=ready,
            period_seconds=_PERIOD_S,
            timeout_seconds=5,
            failure_threshold=ceil(wanted.times.start_s / _PERIOD_S),
        ),
        "readiness_probe": Probe(http_get=ready, period_seconds=5, timeout_seconds=5, failure_threshold=2),
        "liveness_probe": Probe(
            http_get=live, period_seconds=_PERIOD_S, timeout_seconds=5, failure_threshold=_LIVE_FAILURES
        ),
    }
