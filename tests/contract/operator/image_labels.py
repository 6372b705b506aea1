"""How AMD's operator reads the labels of an image, v1alpha1.

https://github.com/amd-enterprise-ai/aim-engine (internal/aimmodel/inspector.go, parseImageLabels)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.operator import go
from contract.operator.pod_log import Unreadable, loads

_OURS = "com.amd.aim."
# As Go's strconv.ParseBool has it.
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


@dataclass(frozen=True)
class Deployment:
    """Of each the operator makes a template."""

    gpu: str
    count: int
    precision: str
    metric: str
    profile_id: str
    description: str


@dataclass(frozen=True)
class Labels:
    """What the operator keeps of them."""

    canonical_name: str
    source: str
    title: str
    description: str
    token_required: bool
    tags: tuple[str, ...]
    variants: tuple[str, ...]
    deployments: tuple[Deployment, ...]


def read_labels(labels: Mapping[str, str]) -> Labels:
    """Parse the labels of an image. Raises Unreadable where the operator would try for ever."""

    def of(name: str) -> str:
        return labels.get(f"{_OURS}{name}", "")

    required = of("hfToken.required") or "false"
    if required not in _BOOLEANS:
        raise Unreadable(f"hfToken.required is no boolean: {required!r}")
    return Labels(
        of("model.canonicalName"),
        of("model.source"),
        of("title"),
        of("description.full"),
        _BOOLEANS[required],
        _parts(of("model.tags")),
        _parts(of("model.variants")),
        _deployments(of("model.recommendedDeployments")),
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _deployments(text: str) -> tuple[Deployment, ...]:
    if not text:
        return ()
    try:
        # Some images have the label as Python prints it: so every apostrophe is taken for a quote.
        found = loads(text.replace("'", '"'))
    except ValueError as error:
        raise Unreadable(f"recommendedDeployments: {error}") from error
    if not isinstance(found, list):
        raise Unreadable("recommendedDeployments is no array")
    return tuple(map(_deployment, found))


def _deployment(found: Any) -> Deployment:
    where = "recommendedDeployments[]"
    return Deployment(
        go.text(found, "gpuModel", where),
        go.integer(found, "gpuCount", where),
        go.text(found, "precision", where),
        go.text(found, "metric", where),
        go.text(found, "profileId", where),
        go.text(found, "description", where),
    )
