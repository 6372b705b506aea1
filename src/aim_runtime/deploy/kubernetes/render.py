"""All the objects of one deployment, in the order in which they are created."""

from __future__ import annotations

from typing import Any

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import labels, metadata, selector
from aim_runtime.deploy.kubernetes.pod import pod_spec
from aim_runtime.deploy.needs import Needs


def render(wanted: Needs, asked: Asked) -> list[Any]:
    """Return the objects as the API takes them."""
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata(asked),
            "spec": {
                "replicas": asked.replicas,
                "selector": {"matchLabels": selector(asked)},
                "template": {"metadata": {"labels": labels(asked)}, "spec": pod_spec(wanted, asked)},
            },
        }
    ]
