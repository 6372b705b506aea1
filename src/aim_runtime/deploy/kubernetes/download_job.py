"""A Job that fetches the weights into the volume, before and beside the pods that serve them.

Either may be first: whoever has the lease of the cache fetches, the others wait and find the model there
(models/lease.py). What a killed Job left is gone on with, and a model that is there is only looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from aim_runtime.deploy.asked import Access, Asked
from aim_runtime.deploy.kubernetes.config_map import digest
from aim_runtime.deploy.kubernetes.labels import fetching_labels, metadata
from aim_runtime.deploy.kubernetes.objects import (
    Container,
    Document,
    Object,
    PodSpec,
    PodTemplate,
    Resources,
    TemplateMetadata,
)
from aim_runtime.deploy.kubernetes.pod import container_security, environment, pod_security, pod_spec
from aim_runtime.deploy.kubernetes.volumes import ephemeral, mounts
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.quantity import memory
from aim_runtime.deploy.times import PLACE_S

CONTAINER = "download"
# Retries of what may pass: a network that was away, a node that went.
_RETRIES = 4
# Bad configuration, and a profile that cannot be: the next try would say the same.
_HOPELESS = [2, 4]
# As long as somebody may want to read why it failed.
_KEPT_S = 24 * 3600
_CPUS = "2"
# What is left of the name, so that the whole is no longer than a label.
_NAME = 44
_SERVING = ("AIM_PORT", "AIM_MANAGEMENT_", "AIM_DRAIN_", "AIM_STALL_", "AIM_READY_", "AIM_ON_FAILURE")


class OnExitCodes(Object, frozen=True):
    container_name: str
    operator: str
    values: list[int]


class PodCondition(Object, frozen=True):
    type: str
    status: str


class FailureRule(Object, frozen=True):
    action: str
    on_exit_codes: OnExitCodes | None = None
    on_pod_conditions: Sequence[PodCondition] = ()


class FailurePolicy(Object, frozen=True):
    rules: list[FailureRule]


class JobSpec(Object, frozen=True):
    active_deadline_seconds: int
    backoff_limit: int
    pod_failure_policy: FailurePolicy
    ttl_seconds_after_finished: int
    template: PodTemplate


# A node that is drained is no failure, and a configuration that is wrong stays so.
_EVICTED = FailureRule(
    action="Ignore", on_pod_conditions=[PodCondition(type="DisruptionTarget", status="True")]
)
_WRONG = FailureRule(
    action="FailJob",
    on_exit_codes=OnExitCodes(container_name=CONTAINER, operator="In", values=_HOPELESS),
)


def download_job(wanted: Needs, asked: Asked) -> Document:
    """The name follows from what is in it: a Job cannot be changed, and another one is another fetch."""
    template = PodTemplate(
        metadata=TemplateMetadata(labels=fetching_labels(asked), annotations=digest(wanted.custom_profile)),
        spec=_pod(wanted, asked),
    )
    mark = sha256(msgspec.json.encode(template)).hexdigest()[:8]
    return Document(
        api_version="batch/v1",
        kind="Job",
        metadata=replace(metadata(asked), name=f"{asked.name[:_NAME].rstrip('-')}-download-{mark}"),
        spec=JobSpec(
            active_deadline_seconds=PLACE_S + 2 * wanted.times.fetch_s,
            backoff_limit=_RETRIES,
            pod_failure_policy=FailurePolicy(rules=[_EVICTED, _WRONG]),
            ttl_seconds_after_finished=_KEPT_S,
            template=template,
        ),
    )


def _pod(wanted: Needs, asked: Asked) -> PodSpec:
    """The pod that serves, without what only serving needs: no GPU, and any node.

    A volume that one node mounts may come into being on that node, or in its zone: then the pod that
    fetches is put where the one that serves can follow.
    """
    serving = pod_spec(wanted, asked)
    together = asked.access is Access.ONE_NODE
    return replace(
        serving,
        containers=[_container(wanted, asked)],
        service_account_name=asked.name,
        # Each try keeps its log, and its exit code decides whether there is another.
        restart_policy="Never",
        termination_grace_period_seconds=30,
        security_context=replace(pod_security(wanted), supplemental_groups=[]),
        affinity=serving.affinity if together else {},
        tolerations=serving.tolerations if together else [],
        volumes=[volume for volume in serving.volumes if volume.name != "shm"],
    )


def _container(wanted: Needs, asked: Asked) -> Container:
    size = memory(wanted.resources.fetch_bytes)
    least, most = map(memory, ephemeral(wanted, asked))
    return Container(
        name=CONTAINER,
        image=asked.image,
        image_pull_policy="IfNotPresent",
        args=["download-to-cache"],
        env=[each for each in environment(wanted, asked) if not _only_serves(each.name, wanted)],
        resources=Resources(
            requests={"cpu": _CPUS, "memory": size, "ephemeral-storage": least},
            limits={"memory": size, "ephemeral-storage": most},
        ),
        termination_message_policy="FallbackToLogsOnError",
        security_context=container_security(),
        volume_mounts=[mount for mount in mounts(wanted) if mount.name != "shm"],
    )


def _only_serves(variable: str, wanted: Needs) -> bool:
    return variable in wanted.guards or variable.startswith(_SERVING)
