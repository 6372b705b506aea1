"""The Deployment: as many pods as asked for, replaced one after the other."""

from __future__ import annotations

from msgspec.structs import replace

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kubernetes.config_map import digest
from aim_runtime.deploy.kubernetes.labels import labels, metadata, selector
from aim_runtime.deploy.kubernetes.objects import Document, Object, PodTemplate, Selector, TemplateMetadata
from aim_runtime.deploy.kubernetes.pod import pod_spec
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.times import PLACE_S


class RollingUpdate(Object, frozen=True):
    max_surge: int
    max_unavailable: int


class Strategy(Object, frozen=True):
    type: str
    rolling_update: RollingUpdate


class DeploymentSpec(Object, frozen=True, kw_only=True):
    replicas: int | None = None
    progress_deadline_seconds: int
    strategy: Strategy
    selector: Selector
    template: PodTemplate


# In place of a pod, not beside it: there are no spare GPUs for a surge, and the update would hang.
IN_PLACE = Strategy(type="RollingUpdate", rolling_update=RollingUpdate(max_surge=0, max_unavailable=1))
BESIDE = Strategy(type="RollingUpdate", rolling_update=RollingUpdate(max_surge=1, max_unavailable=0))


def deployment(wanted: Needs, asked: Asked) -> Document:
    """With an autoscaler the number of replicas is not said: each apply would set it back."""
    times = wanted.times
    return Document(
        api_version="apps/v1",
        kind="Deployment",
        metadata=metadata(asked),
        spec=DeploymentSpec(
            replicas=asked.replicas if asked.autoscaler is Autoscaler.NONE else None,
            # One pod ends, its place is given to another, that one starts: all of it is progress.
            progress_deadline_seconds=times.grace_s + PLACE_S + times.start_s,
            strategy=BESIDE if asked.surge else IN_PLACE,
            selector=Selector(match_labels=selector(asked)),
            template=PodTemplate(
                metadata=TemplateMetadata(labels=labels(asked), annotations=digest(wanted.custom_profile)),
                spec=replace(pod_spec(wanted, asked), service_account_name=asked.name),
            ),
        ),
    )
