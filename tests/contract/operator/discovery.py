"""The discovery of AMD's operator, v1alpha1: a Job that runs `dry-run`, and what is read out of its log.

https://github.com/amd-enterprise-ai/aim-engine (internal/aimservicetemplate/discovery.go; the enumerations
are those of the custom resource's status, api/v1alpha1, into which the result is written).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from contract.operator import go
from contract.operator.pod_log import Unreadable, array_of

ARGUMENTS = ("dry-run", "--format=json")
ENVIRONMENT = {"AIM_LOG_LEVEL_ROOT": "CRITICAL", "AIM_LOG_LEVEL": "CRITICAL"}
USER = 65532

_METRICS = ("latency", "throughput")
_PRECISIONS = ("auto", "fp4", "fp8", "fp16", "fp32", "bf16", "int4", "int8")
_TYPES = ("optimized", "preview", "unoptimized")
_NAME = re.compile(r"[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+", re.ASCII)
_SOURCE = re.compile(r"(hf|s3)://\S+", re.ASCII)


@dataclass(frozen=True)
class Model:
    """Weights to cache: `name` is also where they are mounted, below /workspace/cache."""

    name: str
    source: str
    size_gb: float | None


@dataclass(frozen=True)
class Discovered:
    """What the operator knows of a template afterwards."""

    filename: str
    aim_id: str
    model_id: str
    engine: str
    gpu: str
    gpu_count: int
    metric: str
    precision: str
    type: str
    manual_selection_only: bool
    engine_args: dict[str, Any]
    env_vars: dict[str, str]
    models: tuple[Model, ...]


def variables(
    *, profile_id: str = "", gpu: str = "", count: int = 0, metric: str = "", precision: str = ""
) -> dict[str, str]:
    """The environment that the operator gives the Job for a template."""
    wanted = {
        "AIM_PROFILE_ID": profile_id,
        "AIM_GPU_MODEL": gpu,
        "AIM_GPU_COUNT": str(count) if count else "",
        "AIM_METRIC": metric,
        "AIM_PRECISION": precision,
    }
    return ENVIRONMENT | {name: value for name, value in wanted.items() if value}


def discovered(log: str) -> Discovered:
    """Read the log of a Job that succeeded. Raises Unreadable where the operator would get stuck."""
    first = array_of(log)[0]
    profile = go.mapping(first, "profile", "[0]")
    metadata, where = go.mapping(profile, "metadata", "[0].profile"), "[0].profile.metadata"
    found = Discovered(
        go.text(first, "filename", "[0]"),
        go.text(profile, "aim_id", "[0].profile"),
        go.text(profile, "model_id", "[0].profile"),
        go.text(metadata, "engine", where),
        go.text(metadata, "gpu", where),
        go.integer(metadata, "gpu_count", where),
        _one_of(_METRICS, go.text(metadata, "metric", where), "metric"),
        _one_of(_PRECISIONS, go.text(metadata, "precision", where), "precision"),
        _one_of(_TYPES, go.text(metadata, "type", where), "type"),
        go.boolean(metadata, "manual_selection_only", where),
        go.mapping(profile, "engine_args", "[0].profile"),
        go.texts(profile, "env_vars", "[0].profile"),
        tuple(map(_model, go.field(first, "models", "[0]") or [])),
    )
    if not found.models:
        raise Unreadable("no model: there would be nothing to cache")
    return found


def _model(found: Any) -> Model:
    where = "[0].models[]"
    model = Model(
        go.text(found, "name", where), go.text(found, "source", where), go.number(found, "size_gb", where)
    )
    if not _NAME.fullmatch(model.name):
        raise Unreadable(f"the custom resource refuses the model name {model.name!r}")
    if not _SOURCE.fullmatch(model.source):
        raise Unreadable(f"the custom resource refuses the source {model.source!r}")
    return model


def _one_of(allowed: tuple[str, ...], value: str, what: str) -> str:
    if value not in allowed:
        raise Unreadable(f"the custom resource refuses {what} {value!r}")
    return value
