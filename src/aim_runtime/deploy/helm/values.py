"""The values with which our chart makes what `generate kubernetes` writes.

What is worked out there is taken from there; nothing is worked out twice.
"""

from __future__ import annotations

import json
from typing import Any

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.helm import chart
from aim_runtime.deploy.kubernetes import objects
from aim_runtime.deploy.kubernetes.autoscale import signals
from aim_runtime.deploy.kubernetes.deployment import DeploymentSpec, deployment
from aim_runtime.deploy.kubernetes.download_job import download_job
from aim_runtime.deploy.kubernetes.placing import affinity
from aim_runtime.deploy.kubernetes.pod import pod_security, resources
from aim_runtime.deploy.kubernetes.probes import probes
from aim_runtime.deploy.kubernetes.route import route
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.quantity import memory

# What the chart has keys of its own for; the other variables are in `env`.
_KEYS = {"AIM_ID", "AIM_MODEL_ID", "AIM_PROFILE_ID", "AIM_ENGINE_ARGS", "AIM_DRAIN_SECONDS"}


def values(wanted: Needs, asked: Asked) -> dict[str, Any]:
    """Return what is to be said to the chart; it is installed as `asked.name` into `asked.namespace`."""
    return chart.said(_values(wanted, asked))


def _values(wanted: Needs, asked: Asked) -> chart.Values:
    given, said = resources(wanted, asked), wanted.variables
    spec: DeploymentSpec = deployment(wanted, asked).spec
    return chart.Values(
        image=asked.image,
        image_pull_secrets=[objects.LocalReference(name=asked.pull_secret)] if asked.pull_secret else [],
        aim_id=said.get("AIM_ID", ""),
        model_id=said.get("AIM_MODEL_ID", ""),
        profile_id=said.get("AIM_PROFILE_ID", ""),
        engine_args=json.loads(said.get("AIM_ENGINE_ARGS", "{}")),
        extra_args=list(wanted.arguments),
        env={name: value for name, value in said.items() if name not in _KEYS},
        secret=_secret(wanted, asked),
        custom_profiles=_custom(wanted),
        gpus=wanted.accelerators.gpus,
        gpu_resource=asked.gpu_resource,
        cpu=given.requests["cpu"],
        memory=given.requests["memory"],
        memory_limit=given.limits["memory"],
        shm=memory(wanted.resources.shm_bytes),
        ephemeral_storage=chart.EphemeralStorage(
            request=given.requests["ephemeral-storage"], limit=given.limits["ephemeral-storage"]
        ),
        cache=_cache(wanted, asked),
        download=_download(wanted, asked),
        replica_count=asked.replicas,
        strategy=_strategy(spec),
        progress_deadline_seconds=spec.progress_deadline_seconds,
        ports=chart.Ports(http=wanted.port, management=wanted.management_port or 0),
        drain_seconds=_number(said["AIM_DRAIN_SECONDS"]),
        termination_grace_period_seconds=wanted.times.grace_s,
        probes=_probes(wanted),
        network_policy=chart.NetworkPolicy(enabled=asked.network_policy, source_ports=wanted.source_ports),
        autoscaling=_autoscaling(wanted, asked),
        monitoring=chart.Monitoring(enabled=asked.monitor),
        route=_route(asked),
        inference_pool=chart.InferencePool(
            enabled=asked.inference_pool, endpoint_picker=asked.endpoint_picker or ""
        ),
        affinity=affinity(wanted, asked),
        gpu_groups=_gpu_groups(wanted),
    )


def _number(text: str) -> float:
    """As YAML has it: `60`, where it is whole."""
    return int(text) if text.isdigit() else float(text)


def _secret(wanted: Needs, asked: Asked) -> chart.Secret:
    optional = tuple(name for name in wanted.secrets if name not in wanted.guards)
    return chart.Secret(name=asked.token_secret, variables=optional, required=wanted.guards)


def _custom(wanted: Needs) -> dict[str, str]:
    own = wanted.custom_profile
    return {own.place: own.text} if own else {}


def _cache(wanted: Needs, asked: Asked) -> chart.Cache:
    return chart.Cache(
        enabled=asked.cache,
        existing_claim=asked.claim or "",
        size=memory(wanted.resources.cache_bytes),
        access_mode=asked.access,
        storage_class=asked.storage_class or "",
    )


def _download(wanted: Needs, asked: Asked) -> chart.Download:
    if not asked.download:
        return chart.Download()
    spec = download_job(wanted, asked).spec
    [container] = spec.template.spec.containers
    return chart.Download(
        enabled=True,
        cpu=container.resources.requests["cpu"],
        memory=container.resources.requests["memory"],
        deadline_seconds=spec.active_deadline_seconds,
    )


def _strategy(spec: DeploymentSpec) -> chart.Strategy:
    rolling = spec.strategy.rolling_update
    return chart.Strategy(
        rolling_update=chart.RollingUpdate(
            max_surge=rolling.max_surge, max_unavailable=rolling.max_unavailable
        )
    )


def _probes(wanted: Needs) -> chart.Probes:
    each = probes(wanted)
    return chart.Probes(
        **{name: _probe(each[f"{name}_probe"]) for name in ("startup", "readiness", "liveness")}
    )


def _probe(probe: objects.Probe) -> chart.Probe:
    return chart.Probe(
        period_seconds=probe.period_seconds,
        timeout_seconds=probe.timeout_seconds,
        failure_threshold=probe.failure_threshold,
    )


def _autoscaling(wanted: Needs, asked: Asked) -> chart.Autoscaling:
    """The targets are a quantity of Kubernetes to one, a number to the other."""
    if asked.autoscaler is Autoscaler.NONE:
        return chart.Autoscaling()
    whole = asked.autoscaler is Autoscaler.HPA
    return chart.Autoscaling(
        by=asked.autoscaler,
        max_replicas=asked.max_replicas,
        prometheus=asked.prometheus,
        targets={
            signal.gauge: signal.quantity if whole else f"{signal.each:g}" for signal in signals(wanted)
        },
    )


def _route(asked: Asked) -> chart.Route:
    if not asked.gateway:
        return chart.Route()
    spec = route(asked, asked.gateway).spec
    return chart.Route(parent_refs=spec.parent_refs, hostnames=list(spec.hostnames))


def _gpu_groups(wanted: Needs) -> tuple[int, ...]:
    if not wanted.accelerators.gpus:
        return chart.Values().gpu_groups
    return tuple(pod_security(wanted).supplemental_groups)
