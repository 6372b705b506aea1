"""Kubernetes' own objects, of what we say of them: the field names are the API's in our spelling.

https://kubernetes.io/docs/reference/kubernetes-api/ . What is None or empty is not written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Object(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A mapping of the API; `config_map` is written `configMap`."""


class Metadata(Object, frozen=True):
    name: str
    namespace: str | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class Document(Object, frozen=True):
    """One object that the API creates."""

    api_version: str
    kind: str
    metadata: Metadata
    spec: Any = None


class MatchExpression(Object, frozen=True):
    key: str
    operator: str
    values: list[str]


class Selector(Object, frozen=True):
    match_labels: Mapping[str, str] = {}
    match_expressions: list[MatchExpression] = []


class KeyRef(Object, frozen=True):
    name: str
    key: str
    optional: bool | None = None


class EnvSource(Object, frozen=True):
    secret_key_ref: KeyRef | None = None


class Env(Object, frozen=True):
    name: str
    value: str | None = None
    value_from: EnvSource | None = None


class ContainerPort(Object, frozen=True):
    name: str
    container_port: int


class HttpGet(Object, frozen=True):
    path: str
    port: str


class Probe(Object, frozen=True):
    http_get: HttpGet
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int


class Resources(Object, frozen=True):
    requests: Mapping[str, str]
    limits: Mapping[str, str]


class VolumeMount(Object, frozen=True):
    name: str
    mount_path: str
    read_only: bool | None = None


class Capabilities(Object, frozen=True):
    drop: list[str]


class Seccomp(Object, frozen=True):
    type: str


class ContainerSecurity(Object, frozen=True):
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    capabilities: Capabilities | None = None
    seccomp_profile: Seccomp | None = None


class PodSecurity(Object, frozen=True):
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    run_as_group: int | None = None
    fs_group: int | None = None
    fs_group_change_policy: str | None = None
    supplemental_groups: list[int] = []
    seccomp_profile: Seccomp | None = None


class Container(Object, frozen=True):
    name: str
    image: str
    image_pull_policy: str | None = None
    args: list[str] = []
    ports: list[ContainerPort] = []
    env: list[Env] = []
    resources: Resources | None = None
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    termination_message_policy: str | None = None
    security_context: ContainerSecurity | None = None
    volume_mounts: list[VolumeMount] = []


class ClaimSource(Object, frozen=True):
    claim_name: str
    read_only: bool | None = None


class EmptyDir(Object, frozen=True):
    medium: str | None = None
    size_limit: str | None = None


class KeyToPath(Object, frozen=True):
    key: str
    path: str


class ConfigMapSource(Object, frozen=True):
    name: str
    items: list[KeyToPath] = []


class Volume(Object, frozen=True):
    name: str
    persistent_volume_claim: ClaimSource | None = None
    empty_dir: EmptyDir | None = None
    config_map: ConfigMapSource | None = None


class Toleration(Object, frozen=True):
    key: str
    operator: str
    effect: str | None = None


class LocalReference(Object, frozen=True):
    name: str


class PodSpec(Object, frozen=True):
    containers: list[Container]
    service_account_name: str | None = None
    host_network: bool | None = None
    dns_policy: str | None = None
    automount_service_account_token: bool | None = None
    enable_service_links: bool | None = None
    termination_grace_period_seconds: int | None = None
    restart_policy: str | None = None
    security_context: PodSecurity | None = None
    affinity: Mapping[str, Any] = {}
    tolerations: list[Toleration] = []
    image_pull_secrets: list[LocalReference] = []
    volumes: list[Volume] = []


class TemplateMetadata(Object, frozen=True):
    """Of the pods that something makes: their names are its business."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}


class PodTemplate(Object, frozen=True):
    metadata: TemplateMetadata
    spec: PodSpec
