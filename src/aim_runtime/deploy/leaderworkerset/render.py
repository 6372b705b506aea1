"""All the objects of a group of machines, in the order in which they are created.

https://lws.sigs.k8s.io/docs/
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from msgspec.structs import replace

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.claim import claim
from aim_runtime.deploy.kubernetes.config_map import config_map
from aim_runtime.deploy.kubernetes.disruption import disruption_budget
from aim_runtime.deploy.kubernetes.download_job import download_job
from aim_runtime.deploy.kubernetes.labels import COMPONENT, metadata, selector
from aim_runtime.deploy.kubernetes.network_policy import network_policy
from aim_runtime.deploy.kubernetes.objects import Document, Object, PodTemplate
from aim_runtime.deploy.kubernetes.service import service
from aim_runtime.deploy.kubernetes.service_account import service_account
from aim_runtime.deploy.leaderworkerset.among import among_themselves
from aim_runtime.deploy.leaderworkerset.group import Group
from aim_runtime.deploy.leaderworkerset.pods import LEADER, leader, worker
from aim_runtime.deploy.needs import GIB, Needs

# RCCL's queues between processes, and vLLM's to the other machines.
SHM_BYTES = 32 * GIB


class LeaderWorkerTemplate(Object, frozen=True):
    size: int
    restart_policy: str
    leader_template: PodTemplate
    worker_template: PodTemplate


class LeaderWorkerSetSpec(Object, frozen=True):
    replicas: int
    leader_worker_template: LeaderWorkerTemplate


def render(wanted: Needs, asked: Asked, group: Group) -> list[Document]:
    """Return the objects as the API takes them: what pods need, the pods, and what looks after them."""
    wanted = _with_room(wanted)
    return [*_before(wanted, asked, group), _set(wanted, asked, group), disruption_budget(asked)]


def _set(wanted: Needs, asked: Asked, group: Group) -> Document:
    return Document(
        api_version="leaderworkerset.x-k8s.io/v1",
        kind="LeaderWorkerSet",
        metadata=metadata(asked),
        spec=LeaderWorkerSetSpec(
            replicas=asked.replicas,
            leader_worker_template=LeaderWorkerTemplate(
                size=group.machines,
                # The ranks of a model know one another from their start: none of them can be replaced alone.
                restart_policy="RecreateGroupOnPodRestart",
                leader_template=leader(wanted, asked, group),
                worker_template=worker(wanted, asked, group),
            ),
        ),
    )


def _before(wanted: Needs, asked: Asked, group: Group) -> Iterator[Document]:
    yield service_account(asked)
    if wanted.custom_profile:
        yield config_map(wanted.custom_profile, asked)
    if asked.cache and not asked.claim:
        yield claim(wanted, asked)
    if asked.network_policy:
        yield network_policy(wanted, asked)
        yield among_themselves(asked)
    yield _service(wanted, asked)
    if asked.download:
        yield download_job(wanted, asked)


def _service(wanted: Needs, asked: Asked) -> Document:
    """Of the leaders; its name is not the set's, by which the controller calls a service of its own."""
    found = service(wanted, asked)
    answers = replace(found.spec, selector={**selector(asked), COMPONENT: LEADER})
    return replace(found, metadata=metadata(asked, "-leader"), spec=answers)


def _with_room(wanted: Needs) -> Needs:
    given = wanted.resources
    more = max(0, SHM_BYTES - given.shm_bytes)
    resources = dataclasses.replace(
        given, shm_bytes=given.shm_bytes + more, memory_limit_bytes=given.memory_limit_bytes + more
    )
    return dataclasses.replace(wanted, resources=resources)
