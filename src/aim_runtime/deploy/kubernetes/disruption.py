"""What a drain of nodes may do: one replica at a time."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object, Selector


class DisruptionSpec(Object, frozen=True):
    max_unavailable: int
    unhealthy_pod_eviction_policy: str
    selector: Selector


def disruption_budget(asked: Asked) -> Document:
    """A pod that does not serve, because it is starting or cannot, never keeps a node from being drained."""
    return Document(
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        metadata=metadata(asked),
        spec=DisruptionSpec(
            max_unavailable=1,
            unhealthy_pod_eviction_policy="AlwaysAllow",
            selector=Selector(match_labels=selector(asked)),
        ),
    )
