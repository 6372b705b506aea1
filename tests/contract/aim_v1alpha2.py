"""What is publicly known of AMD's operator's API v1alpha2, as a schema: fields, types, words and rules.

From its API reference (docs/reference/api/v1alpha2.md of amd-enterprise-ai/aim-engine). Fields that we do not
write are left out, so this is narrower than the operator: what it refuses may be right, and what it takes is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

_TEXT, _COUNT = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_METRIC = {"enum": ["latency", "throughput"]}
_PRECISION = {"enum": ["fp4", "fp8", "fp16", "fp32", "bf16", "int4", "int8"]}
_TYPE = {"enum": ["optimized", "general", "preview", "unoptimized"]}
_ACCELERATOR = {"type": "string", "pattern": r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", "maxLength": 63}


def _object(required: str = "", /, **fields: Any) -> dict[str, Any]:
    """An object of these fields and no others; `required` are names parted by spaces."""
    return {
        "type": "object",
        "properties": fields,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(of: Mapping[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": of, "minItems": least}


_KEY_REF = _object("name key", name=_TEXT, key=_TEXT, optional={"type": "boolean"})
_ENV = _list(_object("name", name=_TEXT, value={"type": "string"}, valueFrom=_object(secretKeyRef=_KEY_REF)))
_NAMES = _list(_object("name", name=_TEXT))
_SOURCES = _list(
    _object(
        "modelId sourceUri",
        modelId={"type": "string", "pattern": r"^[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+$"},
        sourceUri={"type": "string", "pattern": r"^(hf|s3)://[^ \t\r\n]+$"},
    ),
    least=1,
)
_POD_METRIC = _object(
    "metric target",
    metric=_object(backend={"const": "opentelemetry"}, metricNames=_list(_TEXT), query=_TEXT),
    target=_object("type", type={"enum": ["Value", "AverageValue", "Utilization"]}, value=_TEXT),
)
_PROFILE = _object(
    # aimId and modelSources go together: both of a profile that can be deployed, neither of a base profile.
    "aimId modelSources image",
    aimId=_TEXT,
    modelId=_TEXT,
    engine=_TEXT,
    metric=_METRIC,
    precision=_PRECISION,
    type=_TYPE,
    acceleratorModel=_ACCELERATOR,
    acceleratorType={"enum": ["gpu", "cpu"]},
    acceleratorCount=_COUNT,
    resources=_object(requests=_TEXTS, limits=_TEXTS),
    image=_TEXT,
    engineArgs={"type": "object"},
    engineEnv=_TEXTS,
    modelSources=_SOURCES,
    containerEnv=_ENV,
    imagePullSecrets=_NAMES,
    caching=_object(enabled={"type": "boolean"}, env=_ENV),
)
_SERVICE = {
    **_object(
        model=_object("image", image=_TEXT),
        profile={
            # Exactly one of them.
            **_object(name=_TEXT, selector=_object(profileId=_TEXT, minimumType=_TYPE)),
            "oneOf": [{"required": ["name"]}, {"required": ["selector"]}],
        },
        replicas=_COUNT,
        minReplicas=_COUNT,
        maxReplicas={"type": "integer", "minimum": 1},
        autoScaling=_object(
            metrics=_list(_object("type", type={"const": "PodMetric"}, podmetric=_POD_METRIC))
        ),
        env=_ENV,
        imagePullSecrets=_NAMES,
        routing=_object(enabled={"type": "boolean"}, gatewayRef=_object("name", name=_TEXT, namespace=_TEXT)),
        storage=_object(defaultStorageClassName=_TEXT),
    ),
    # A model or a profile must be named, and a selector needs a model beside it.
    "anyOf": [
        {"required": ["model"]},
        {"properties": {"profile": {"required": ["name"]}}, "required": ["profile"]},
    ],
}
_SPECS = {"AIMProfile": _PROFILE, "AIMService": _SERVICE}


def faults(document: Mapping[str, Any]) -> list[str]:
    """All that is not as the reference says."""
    spec = _SPECS[document["kind"]]
    found = Draft202012Validator(
        _object(
            "apiVersion kind metadata spec",
            apiVersion={"const": "aim.eai.amd.com/v1alpha2"},
            kind=_TEXT,
            metadata={"type": "object"},
            spec=spec,
        )
    ).iter_errors(document)
    return sorted(f"{'.'.join(map(str, each.absolute_path))}: {each.message}" for each in found)
