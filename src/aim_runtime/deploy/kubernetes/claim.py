"""The volume that keeps the weights, so that only the first start fetches them."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document, Object
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.quantity import memory


class StorageRequests(Object, frozen=True):
    storage: str


class StorageResources(Object, frozen=True):
    requests: StorageRequests


class ClaimSpec(Object, frozen=True):
    access_modes: list[str]
    resources: StorageResources
    storage_class_name: str | None = None


def claim(wanted: Needs, asked: Asked) -> Document:
    """As large as the weights and what is put beside them; of the cluster's usual class if none is named."""
    return Document(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=metadata(asked, "-cache"),
        spec=ClaimSpec(
            access_modes=[str(asked.access)],
            resources=StorageResources(
                requests=StorageRequests(storage=memory(wanted.resources.cache_bytes))
            ),
            storage_class_name=asked.storage_class,
        ),
    )
