"""Parts that the objects of both versions of the API have."""

from __future__ import annotations

import re

from msgspec.structs import replace

from aim_runtime.deploy.aim_engine.objects import (
    GROUP,
    AutoScaling,
    GatewayRef,
    Metric,
    MetricSource,
    ModelSource,
    PodMetric,
    Routing,
    ServiceSpec,
    Storage,
    Target,
)
from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kubernetes.autoscale import Signal, signals
from aim_runtime.deploy.kubernetes.objects import Document, Env, LocalReference, Metadata
from aim_runtime.deploy.kubernetes.pod import secret_variables
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.origins import ADDRESSES
from aim_runtime.errors import InvalidValue, NotDeployable
from aim_runtime.models.ref import Scheme
from aim_runtime.variables import DEFAULT_MANAGEMENT_PORT

# What the CRDs take for a modelId.
_MODEL_ID = re.compile(r"[a-zA-Z0-9_-]+/[a-zA-Z0-9._-]+")
# The operator sets these itself, from the objects.
_ITS_OWN = frozenset({"AIM_ID", "AIM_MODEL_ID", "AIM_PROFILE_ID", "AIM_CUSTOM_MODEL_NAME"})
# Its pods get Kubernetes' own time to end, of which the engine needs some after the last answer.
GRACE_S, DRAIN_S = 30, 20


def document(kind: str, api: str, metadata_: Metadata, spec: object) -> Document:
    return Document(api_version=f"{GROUP}/{api}", kind=kind, metadata=metadata_, spec=spec)


def variables(wanted: Needs) -> list[Env]:
    """What the user said that no object of the operator's has a field for."""
    drain = min(DRAIN_S, wanted.times.drain_s)
    said = {**wanted.variables, "AIM_DRAIN_SECONDS": str(drain)}
    if wanted.management_port != DEFAULT_MANAGEMENT_PORT:
        said["AIM_MANAGEMENT_PORT"] = str(wanted.management_port or "")
    return [Env(name=name, value=value) for name, value in said.items() if name not in _ITS_OWN]


def guards(wanted: Needs, asked: Asked) -> list[Env]:
    """The secrets that the service itself needs, to let nobody in without one."""
    return [each for each in secret_variables(wanted, asked) if each.name in wanted.guards]


def fetching(wanted: Needs, asked: Asked) -> list[Env]:
    """What a program needs that fetches the weights: where they are, and what opens it."""
    places = {name for names in ADDRESSES.values() for name in names}
    said = [*variables(wanted), *secret_variables(wanted, asked)]
    return [each for each in said if each.name in {*places, *wanted.secrets} - {*wanted.guards}]


def pull_secrets(asked: Asked) -> list[LocalReference]:
    return [LocalReference(name=asked.pull_secret)] if asked.pull_secret else []


def names_weights(wanted: Needs) -> bool:
    """Whether the user names the weights; else they are the image's own."""
    return "AIM_MODEL_ID" in wanted.variables or wanted.aim_id is None


def sources(wanted: Needs) -> list[ModelSource]:
    """The weights, where an object has to say them.

    Raises NotDeployable for a source that none may have, and InvalidValue for such a name.
    """
    if wanted.source.scheme not in (Scheme.HF, Scheme.S3):
        raise NotDeployable(
            f"{wanted.source}: the operator fetches from hf:// and s3:// only",
            hint="put the weights into a store with an S3 interface, or use generate kserve",
        )
    if not _MODEL_ID.fullmatch(wanted.model_id):
        raise InvalidValue(
            f"{wanted.model_id}: the operator has no volume for a model of that name",
            hint="give it one of the form org/name: AIM_CUSTOM_MODEL_NAME=my-org/my-model",
        )
    return [ModelSource(model_id=wanted.model_id, source_uri=str(wanted.source))]


def service_spec(wanted: Needs, asked: Asked, env: list[Env]) -> ServiceSpec:
    """All of a service but what it serves."""
    spec = ServiceSpec(
        env=env,
        image_pull_secrets=pull_secrets(asked),
        routing=_routing(asked.gateway) if asked.gateway else None,
        storage=Storage(default_storage_class_name=asked.storage_class) if asked.storage_class else None,
    )
    if asked.autoscaler is not Autoscaler.KEDA:
        return replace(spec, replicas=asked.replicas)
    return replace(
        spec, min_replicas=asked.replicas, max_replicas=asked.max_replicas, auto_scaling=_scaling(wanted)
    )


def _routing(gateway: str) -> Routing:
    """`gateway` is its name, in another namespace with that in front: `gateways/public`."""
    namespace, _, name = gateway.rpartition("/")
    return Routing(enabled=True, gateway_ref=GatewayRef(name=name, namespace=namespace or None))


def _scaling(wanted: Needs) -> AutoScaling:
    """By the collector that the operator puts beside the container; it adds which pods are meant."""
    return AutoScaling(metrics=[_metric(each) for each in signals(wanted)])


def _metric(signal: Signal) -> Metric:
    name = f"vllm:{signal.gauge}"
    source = MetricSource(backend="opentelemetry", metric_names=[name], query=name)
    pod_metric = PodMetric(metric=source, target=Target(type="Value", value=signal.quantity))
    return Metric(type="PodMetric", pod_metric=pod_metric)
