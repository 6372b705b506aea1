"""What is mounted: the cache of weights, places to write on a root that is read-only, a profile."""

from __future__ import annotations

from typing import Any

from aim_runtime.deploy.asked import Access, Asked
from aim_runtime.deploy.kubernetes.objects import (
    ClaimSource,
    ConfigMapSource,
    EmptyDir,
    KeyToPath,
    Volume,
    VolumeMount,
)
from aim_runtime.deploy.needs import GIB, CustomProfile, Needs
from aim_runtime.deploy.quantity import memory
from aim_runtime.variables import DEFAULT_CACHE_PATH, DEFAULT_PROFILES_PATH

TMP, TMP_BYTES = "/tmp", 20 * GIB
# Beside the volumes: logs of the container, as the kubelet keeps them.
LOGS_BYTES = GIB


def volumes(wanted: Needs, asked: Asked) -> list[Volume]:
    """The cache, /tmp on a root that is read-only, /dev/shm, and the custom profile where there is one."""
    found = [
        Volume(name="cache", **_cache(wanted, asked)),
        Volume(name="tmp", empty_dir=EmptyDir(size_limit=memory(TMP_BYTES))),
        Volume(
            name="shm", empty_dir=EmptyDir(medium="Memory", size_limit=memory(wanted.resources.shm_bytes))
        ),
    ]
    if wanted.custom_profile:
        item = KeyToPath(key=profile_key(wanted.custom_profile), path=wanted.custom_profile.place)
        source = ConfigMapSource(name=f"{asked.name}-profiles", items=[item])
        found.append(Volume(name="profiles", config_map=source))
    return found


def profile_key(profile: CustomProfile) -> str:
    """The key in the ConfigMap: the name of the file."""
    return profile.place.rpartition("/")[2]


def _cache(wanted: Needs, asked: Asked) -> dict[str, Any]:
    if asked.claim or asked.cache:
        name = asked.claim or f"{asked.name}-cache"
        read_only = True if asked.access is Access.READ_MANY else None
        return {"persistent_volume_claim": ClaimSource(claim_name=name, read_only=read_only)}
    return {"empty_dir": EmptyDir(size_limit=memory(wanted.resources.cache_bytes))}


def ephemeral(wanted: Needs, asked: Asked) -> tuple[int, int]:
    """The disk of the node in bytes, asked for and at most: an evicted pod would fetch everything again."""
    cache = 0 if asked.cache or asked.claim else wanted.resources.cache_bytes
    return cache + LOGS_BYTES, cache + TMP_BYTES + LOGS_BYTES


def mounts(wanted: Needs) -> list[VolumeMount]:
    found = [
        VolumeMount(name="cache", mount_path=DEFAULT_CACHE_PATH),
        VolumeMount(name="tmp", mount_path=TMP),
        VolumeMount(name="shm", mount_path="/dev/shm"),
    ]
    if wanted.custom_profile:
        path = f"{DEFAULT_PROFILES_PATH}/custom"
        found.append(VolumeMount(name="profiles", mount_path=path, read_only=True))
    return found
