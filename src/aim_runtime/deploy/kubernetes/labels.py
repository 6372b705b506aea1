"""The labels that Kubernetes' own documents recommend, and which of them select."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.objects import MatchExpression, Metadata, Selector
from aim_runtime.version import __version__

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
# Pods that fetch have another name, so that no selector takes them for pods that serve.
SERVING, FETCHING = "aim", "aim-download"


def selector(asked: Asked) -> dict[str, str]:
    """What never changes for one deployment: a selector cannot be changed."""
    return {NAME: SERVING, INSTANCE: asked.name}


def labels(asked: Asked) -> dict[str, str]:
    return {
        **selector(asked),
        COMPONENT: "inference",
        "app.kubernetes.io/managed-by": "aim-runtime",
        "app.kubernetes.io/version": __version__,
    }


def fetching_labels(asked: Asked) -> dict[str, str]:
    return {**labels(asked), NAME: FETCHING, COMPONENT: "download"}


def every_pod(asked: Asked) -> Selector:
    """Those that serve and those that fetch."""
    return Selector(
        match_labels={INSTANCE: asked.name},
        match_expressions=[MatchExpression(key=NAME, operator="In", values=[SERVING, FETCHING])],
    )


def metadata(asked: Asked, suffix: str = "") -> Metadata:
    """Name, namespace and labels of one of the objects."""
    return Metadata(name=f"{asked.name}{suffix}", namespace=asked.namespace, labels=labels(asked))
