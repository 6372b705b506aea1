"""The operator's own objects, of what we say of them: `aim.eai.amd.com`.

v1alpha1 as its CRDs have it; of v1alpha2 what its public documents and types name alike.
https://github.com/amd-enterprise-ai/aim-engine . What is None or empty is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from aim_runtime.deploy.kubernetes.objects import Env, LocalReference, Object, Resources

GROUP = "aim.eai.amd.com"


class ModelSource(Object, frozen=True, kw_only=True):
    model_id: str
    source_uri: str


class GpuNeeds(Object, frozen=True, kw_only=True):
    requests: int
    model: str
    resource_name: str


class CpuNeeds(Object, frozen=True, kw_only=True):
    requests: str


class Hardware(Object, frozen=True, kw_only=True):
    gpu: GpuNeeds | None = None
    cpu: CpuNeeds | None = None


class Discovery(Object, frozen=True, kw_only=True):
    create_service_templates: bool


class CustomModel(Object, frozen=True, kw_only=True):
    hardware: Hardware


class ModelSpec(Object, frozen=True, kw_only=True):
    """Of AIMModel, v1alpha1: an image, and the weights where the user named others."""

    image: str
    discovery: Discovery
    model_sources: list[ModelSource] = field(default_factory=list)
    custom: CustomModel | None = None
    image_pull_secrets: list[LocalReference] = field(default_factory=list)


class TemplateSpec(Object, frozen=True, kw_only=True):
    """Of AIMServiceTemplate, v1alpha1: what the plan decided."""

    model_name: str
    profile_id: str
    metric: str
    precision: str
    type: str | None = None
    hardware: Hardware
    model_sources: list[ModelSource] = field(default_factory=list)
    env: list[Env] = field(default_factory=list)
    resources: Resources | None = None
    image_pull_secrets: list[LocalReference] = field(default_factory=list)


class ByName(Object, frozen=True, kw_only=True):
    name: str


class ByImage(Object, frozen=True, kw_only=True):
    image: str


class Selector(Object, frozen=True, kw_only=True):
    profile_id: str
    minimum_type: str | None = None


class ProfileChoice(Object, frozen=True, kw_only=True):
    name: str | None = None
    selector: Selector | None = None


class MetricSource(Object, frozen=True, kw_only=True):
    backend: str
    metric_names: list[str]
    query: str


class Target(Object, frozen=True, kw_only=True):
    type: str
    value: str


class PodMetric(Object, frozen=True, kw_only=True):
    metric: MetricSource
    target: Target


class Metric(Object, frozen=True, kw_only=True, rename={"pod_metric": "podmetric"}):
    type: str
    pod_metric: PodMetric


class AutoScaling(Object, frozen=True, kw_only=True):
    metrics: list[Metric]


class GatewayRef(Object, frozen=True, kw_only=True):
    name: str
    namespace: str | None = None


class Routing(Object, frozen=True, kw_only=True):
    enabled: bool
    gateway_ref: GatewayRef


class Storage(Object, frozen=True, kw_only=True):
    default_storage_class_name: str


class ServiceSpec(Object, frozen=True, kw_only=True):
    """Of AIMService: `template` in v1alpha1, `profile` in v1alpha2."""

    model: ByName | ByImage | None = None
    template: ByName | None = None
    profile: ProfileChoice | None = None
    replicas: int | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None
    auto_scaling: AutoScaling | None = None
    env: list[Env] = field(default_factory=list)
    image_pull_secrets: list[LocalReference] = field(default_factory=list)
    routing: Routing | None = None
    storage: Storage | None = None


class Caching(Object, frozen=True, kw_only=True):
    enabled: bool
    env: list[Env] = field(default_factory=list)


class ProfileSpec(Object, frozen=True, kw_only=True):
    """Of AIMProfile, v1alpha2: a profile as an object, with its image and its weights."""

    aim_id: str
    model_id: str
    engine: str
    metric: str
    precision: str
    type: str
    accelerator_model: str | None = None
    accelerator_type: str | None = None
    accelerator_count: int | None = None
    resources: Resources | None = None
    image: str
    engine_args: Mapping[str, Any]
    engine_env: Mapping[str, str] = field(default_factory=dict)
    model_sources: list[ModelSource]
    container_env: list[Env] = field(default_factory=list)
    image_pull_secrets: list[LocalReference] = field(default_factory=list)
    caching: Caching
