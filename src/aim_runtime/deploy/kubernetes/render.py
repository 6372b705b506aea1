"""All the objects of one deployment, in the order in which they are created."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.autoscale import autoscaler
from aim_runtime.deploy.kubernetes.claim import claim
from aim_runtime.deploy.kubernetes.config_map import config_map
from aim_runtime.deploy.kubernetes.deployment import deployment
from aim_runtime.deploy.kubernetes.disruption import disruption_budget
from aim_runtime.deploy.kubernetes.download_job import download_job
from aim_runtime.deploy.kubernetes.inference_pool import inference_pool
from aim_runtime.deploy.kubernetes.monitor import pod_monitor
from aim_runtime.deploy.kubernetes.network_policy import network_policy
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.kubernetes.route import route
from aim_runtime.deploy.kubernetes.service import service
from aim_runtime.deploy.kubernetes.service_account import service_account
from aim_runtime.deploy.needs import Needs


def render(wanted: Needs, asked: Asked) -> list[Document]:
    """Return the objects as the API takes them: what pods need, the pods, and what looks after them."""
    return [*_before(wanted, asked), deployment(wanted, asked), *_after(wanted, asked)]


def _before(wanted: Needs, asked: Asked) -> Iterator[Document]:
    yield service_account(asked)
    if wanted.custom_profile:
        yield config_map(wanted.custom_profile, asked)
    if asked.cache and not asked.claim:
        yield claim(wanted, asked)
    if asked.network_policy:
        yield network_policy(wanted, asked)
    yield service(wanted, asked)
    if asked.download:
        yield download_job(wanted, asked)


def _after(wanted: Needs, asked: Asked) -> Iterator[Document]:
    yield disruption_budget(asked)
    if asked.monitor:
        yield pod_monitor(wanted, asked)
    yield from autoscaler(wanted, asked)
    if asked.inference_pool:
        yield inference_pool(wanted, asked)
    if asked.gateway:
        yield route(asked, asked.gateway)
