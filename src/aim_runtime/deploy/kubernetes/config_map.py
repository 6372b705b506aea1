"""The profile of the user's own, as a file that pods mount."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import metadata
from aim_runtime.deploy.kubernetes.objects import Document
from aim_runtime.deploy.kubernetes.volumes import profile_key
from aim_runtime.deploy.needs import CustomProfile

# Pods do not start anew because a mounted file changed, but because what their template says did.
ANNOTATION = "aim-runtime/profile-sha256"


class ConfigMap(Document, frozen=True):
    data: Mapping[str, str] = {}


def config_map(profile: CustomProfile, asked: Asked) -> ConfigMap:
    return ConfigMap(
        api_version="v1",
        kind="ConfigMap",
        metadata=metadata(asked, "-profiles"),
        data={profile_key(profile): profile.text},
    )


def digest(profile: CustomProfile | None) -> dict[str, str]:
    """What pods are annotated with, so that a changed profile makes new ones."""
    return {ANNOTATION: sha256(profile.text.encode()).hexdigest()[:16]} if profile else {}
