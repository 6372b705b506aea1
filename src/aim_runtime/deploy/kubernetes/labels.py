"""The labels that Kubernetes' own documents recommend, and which of them select."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.objects import Metadata
from aim_runtime.version import __version__

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"


def selector(asked: Asked) -> dict[str, str]:
    """What never changes for one deployment: a selector cannot be changed."""
    return {NAME: "aim", INSTANCE: asked.name}


def labels(asked: Asked) -> dict[str, str]:
    return {
        **selector(asked),
        "app.kubernetes.io/component": "inference",
        "app.kubernetes.io/managed-by": "aim-runtime",
        "app.kubernetes.io/version": __version__,
    }


def metadata(asked: Asked, suffix: str = "") -> Metadata:
    """Name, namespace and labels of one of the objects."""
    return Metadata(name=f"{asked.name}{suffix}", namespace=asked.namespace, labels=labels(asked))
