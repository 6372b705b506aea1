"""The values with which our chart makes what `generate kubernetes` writes."""

from __future__ import annotations

import json
from typing import Any

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.helm import chart
from aim_runtime.deploy.kubernetes import objects, pod
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.quantity import memory

# What the chart has keys of its own for; the other variables are in `env`.
_KEYS = {"AIM_ID", "AIM_MODEL_ID", "AIM_PROFILE_ID", "AIM_ENGINE_ARGS", "AIM_DRAIN_SECONDS"}


def values(wanted: Needs, asked: Asked) -> dict[str, Any]:
    """Return what is to be said to the chart; it is installed as `asked.name` into `asked.namespace`."""
    return chart.said(_values(wanted, asked))


def _values(wanted: Needs, asked: Asked) -> chart.Values:
    given, said = pod.resources(wanted, asked), wanted.variables
    return chart.Values(
        image=asked.image,
        image_pull_secrets=[objects.LocalReference(name=asked.pull_secret)] if asked.pull_secret else [],
        aim_id=said.get("AIM_ID", ""),
        model_id=said.get("AIM_MODEL_ID", ""),
        profile_id=said.get("AIM_PROFILE_ID", ""),
        engine_args=json.loads(said.get("AIM_ENGINE_ARGS", "{}")),
        extra_args=list(wanted.arguments),
        env={name: value for name, value in said.items() if name not in _KEYS},
        secret=chart.Secret(name=asked.token_secret, variables=wanted.secrets),
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
        replica_count=asked.replicas,
        ports=chart.Ports(http=wanted.port, management=wanted.management_port or 0),
        drain_seconds=_number(said["AIM_DRAIN_SECONDS"]),
        termination_grace_period_seconds=wanted.times.grace_s,
        probes=_probes(wanted),
        affinity=pod.affinity(wanted, asked),
    )


def _number(text: str) -> float:
    """As YAML has it: `60`, where it is whole."""
    return int(text) if text.isdigit() else float(text)


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


def _probes(wanted: Needs) -> chart.Probes:
    probes = pod.probes(wanted)
    return chart.Probes(
        **{name: _probe(probes[f"{name}_probe"]) for name in ("startup", "readiness", "liveness")}
    )


def _probe(probe: objects.Probe) -> chart.Probe:
    return chart.Probe(
        period_seconds=probe.period_seconds,
        timeout_seconds=probe.timeout_seconds,
        failure_threshold=probe.failure_threshold,
    )
