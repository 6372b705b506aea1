"""The identity of the pods: one of their own, so that what is allowed to others is not to them."""

from __future__ import annotations

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document


class ServiceAccount(Document, frozen=True):
    automount_service_account_token: bool | None = None


def service_account(asked: Asked) -> ServiceAccount:
    """Without a token: nothing in the pods speaks to the API."""
    return ServiceAccount(
        api_version="v1",
        kind="ServiceAccount",
        metadata=metadata(asked),
        automount_service_account_token=False,
    )
