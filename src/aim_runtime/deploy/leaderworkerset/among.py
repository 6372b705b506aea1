"""What the pods of a group may do beside what any pod may: speak with one another, on any port.

The ports of RCCL and of vLLM's queues are the system's choice at every start.
"""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object, Selector


class PodPeer(Object, frozen=True):
    pod_selector: Selector


class FromPods(Object, frozen=True, rename={"from_": "from"}):
    from_: list[PodPeer]


class ToPods(Object, frozen=True):
    to: list[PodPeer]


class AmongSpec(Object, frozen=True):
    pod_selector: Selector
    policy_types: list[str]
    ingress: list[FromPods]
    egress: list[ToPods]


def among_themselves(asked: Asked) -> Document:
    """Policies add up: this one allows more, and takes nothing away."""
    pods = Selector(match_labels=selector(asked))
    return Document(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata(asked, "-group"),
        spec=AmongSpec(
            pod_selector=pods,
            policy_types=["Ingress", "Egress"],
            ingress=[FromPods(from_=[PodPeer(pod_selector=pods)])],
            egress=[ToPods(to=[PodPeer(pod_selector=pods)])],
        ),
    )
