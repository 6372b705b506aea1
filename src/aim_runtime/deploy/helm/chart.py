"""What the chart takes, of what a plan says to it: the names and usual values of deploy/helm/aim/values.yaml.

What has the chart's own value is not written; tests/contract/test_helm.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from aim_runtime.deploy.asked import GPU_RESOURCE, PROMETHEUS, TOKEN_SECRET, Access, Autoscaler
from aim_runtime.deploy.identity import GPU_GROUPS
from aim_runtime.deploy.kubernetes.objects import LocalReference
from aim_runtime.deploy.kubernetes.route import Parent
from aim_runtime.variables import DEFAULT_CACHE_PATH, DEFAULT_MANAGEMENT_PORT, DEFAULT_PORT

TARGETS = {"num_requests_waiting": "5", "kv_cache_usage_perc": "0.75"}


class Part(Struct, frozen=True, kw_only=True, rename="camel"):
    """A mapping of the values; `aim_id` is written `aimId`."""


class Secret(Part, frozen=True):
    name: str = TOKEN_SECRET
    variables: tuple[str, ...] = ("HF_TOKEN",)
    required: tuple[str, ...] = ()


class EphemeralStorage(Part, frozen=True):
    request: str = "1Gi"
    limit: str | None = None


class Cache(Part, frozen=True):
    enabled: bool = True
    existing_claim: str = ""
    size: str = "120Gi"
    access_mode: str = Access.MANY
    storage_class: str = ""
    mount_path: str = DEFAULT_CACHE_PATH


class Download(Part, frozen=True):
    enabled: bool = False
    cpu: str = "2"
    memory: str = "4Gi"
    deadline_seconds: int = 7200


class RollingUpdate(Part, frozen=True):
    max_surge: int = 0
    max_unavailable: int = 1


class Strategy(Part, frozen=True):
    type: str = "RollingUpdate"
    rolling_update: RollingUpdate = RollingUpdate()


class Ports(Part, frozen=True):
    http: int = DEFAULT_PORT
    management: int = DEFAULT_MANAGEMENT_PORT


class Probe(Part, frozen=True):
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int


class Probes(Part, frozen=True):
    startup: Probe = Probe(period_seconds=10, timeout_seconds=5, failure_threshold=360)
    readiness: Probe = Probe(period_seconds=5, timeout_seconds=5, failure_threshold=2)
    liveness: Probe = Probe(period_seconds=10, timeout_seconds=5, failure_threshold=6)


class NetworkPolicy(Part, frozen=True):
    enabled: bool = True
    source_ports: tuple[int, ...] = (443,)


class Autoscaling(Part, frozen=True):
    by: str = Autoscaler.NONE
    max_replicas: int = 4
    prometheus: str = PROMETHEUS
    targets: Mapping[str, str] = field(default_factory=lambda: dict(TARGETS))


class Monitoring(Part, frozen=True):
    enabled: bool = False


class Route(Part, frozen=True):
    parent_refs: list[Parent] = []
    hostnames: list[str] = []


class InferencePool(Part, frozen=True):
    enabled: bool = False
    endpoint_picker: str = ""


class Values(Part, frozen=True):
    image: str = ""
    image_pull_secrets: list[LocalReference] = []
    aim_id: str = ""
    model_id: str = ""
    profile_id: str = ""
    engine_args: Mapping[str, Any] = {}
    extra_args: list[str] = []
    env: Mapping[str, str] = {}
    secret: Secret = Secret()
    custom_profiles: Mapping[str, str] = {}
    gpus: int = 1
    gpu_resource: str = GPU_RESOURCE
    cpu: str | None = None
    memory: str | None = None
    memory_limit: str | None = None
    shm: str | None = None
    tmp: str = "20Gi"
    ephemeral_storage: EphemeralStorage = EphemeralStorage()
    cache: Cache = Cache()
    download: Download = Download()
    replica_count: int = 1
    strategy: Strategy = Strategy()
    progress_deadline_seconds: int = 5495
    ports: Ports = Ports()
    drain_seconds: float = 60
    termination_grace_period_seconds: int = 95
    probes: Probes = Probes()
    network_policy: NetworkPolicy = NetworkPolicy()
    autoscaling: Autoscaling = Autoscaling()
    monitoring: Monitoring = Monitoring()
    route: Route = Route()
    inference_pool: InferencePool = InferencePool()
    affinity: Mapping[str, Any] = {}
    gpu_groups: tuple[int, ...] = tuple(GPU_GROUPS)


def said(values: Values) -> dict[str, Any]:
    """What of `values` is not the chart's own."""
    return _other(msgspec.to_builtins(values), msgspec.to_builtins(Values()))


def _other(values: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Helm merges mappings and replaces everything else."""
    found = {}
    for key, value in values.items():
        if key not in usual:
            found[key] = value
        elif value != usual[key]:
            both = isinstance(value, dict) and isinstance(usual[key], dict)
            found[key] = _other(value, usual[key]) if both else value
    return found
