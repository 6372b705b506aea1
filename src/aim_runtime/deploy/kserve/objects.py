"""KServe's own objects, of what we say of them: `serving.kserve.io/v1beta1` and `v1alpha1`.

https://kserve.github.io/website/docs/reference/crd-api . What is None or empty is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from aim_runtime.deploy.kubernetes.deployment import Strategy
from aim_runtime.deploy.kubernetes.objects import (
    Container,
    Env,
    Object,
    PodSpec,
    Resources,
    Toleration,
    Volume,
    VolumeMount,
)


class ExternalMetric(Object, frozen=True, kw_only=True):
    backend: str
    server_address: str
    query: str


class Target(Object, frozen=True, kw_only=True):
    type: str
    value: str


class ExternalSource(Object, frozen=True, kw_only=True):
    metric: ExternalMetric
    target: Target


class Metric(Object, frozen=True, kw_only=True):
    type: str
    external: ExternalSource


class Window(Object, frozen=True, kw_only=True):
    stabilization_window_seconds: int


class Behavior(Object, frozen=True, kw_only=True):
    scale_up: Window
    scale_down: Window


class AutoScaling(Object, frozen=True, kw_only=True):
    metrics: list[Metric]
    behavior: Behavior


class ModelFormat(Object, frozen=True, kw_only=True):
    name: str


class Model(Object, frozen=True, kw_only=True):
    """What a service says to the container of the runtime that it uses."""

    model_format: ModelFormat
    runtime: str
    env: list[Env] = field(default_factory=list)
    resources: Resources | None = None
    volume_mounts: list[VolumeMount] = field(default_factory=list)


class Predictor(PodSpec, frozen=True, kw_only=True):
    """A pod, or a model for a runtime that has one; and how many of them."""

    containers: list[Container] = field(default_factory=list)
    model: Model | None = None
    min_replicas: int
    max_replicas: int | None = None
    auto_scaling: AutoScaling | None = None
    deployment_strategy: Strategy | None = None


class InferenceServiceSpec(Object, frozen=True, kw_only=True):
    predictor: Predictor


class RuntimeSpec(Object, frozen=True, kw_only=True):
    """The part of a pod that a runtime may say: not its security, nor how it ends."""

    supported_model_formats: list[ModelFormat]
    containers: list[Container]
    affinity: Mapping[str, Any] = field(default_factory=dict)
    tolerations: list[Toleration] = field(default_factory=list)
    volumes: list[Volume] = field(default_factory=list)
