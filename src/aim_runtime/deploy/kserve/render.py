"""All the objects of one service of KServe, in the order in which they are created."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kserve.asked import KServe, Runtime, checked
from aim_runtime.deploy.kserve.runtime import serving_runtime
from aim_runtime.deploy.kserve.service import inference_service
from aim_runtime.deploy.kubernetes.claim import claim
from aim_runtime.deploy.kubernetes.config_map import config_map
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.needs import Needs


def render(wanted: Needs, asked: Asked, kserve: KServe) -> list[Document]:
    """Return the objects as the API takes them; raises InvalidValue for what KServe would refuse."""
    checked(asked)
    return [*_before(wanted, asked, kserve), inference_service(wanted, asked, kserve)]


def _before(wanted: Needs, asked: Asked, kserve: KServe) -> Iterator[Document]:
    if wanted.custom_profile:
        yield config_map(wanted.custom_profile, asked)
    if asked.cache and not asked.claim:
        yield claim(wanted, asked)
    if kserve.runtime is not Runtime.NONE:
        yield serving_runtime(wanted, asked, kserve)
