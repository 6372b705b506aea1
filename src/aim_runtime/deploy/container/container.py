"""The container that serves a plan: all that an engine of containers must be told, in no one's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.deploy.container.asked import Asked, vendor
from aim_runtime.deploy.identity import USER
from aim_runtime.deploy.needs import EVERYWHERE, GIB, Needs
from aim_runtime.deploy.quantity import container_size
from aim_runtime.variables import DEFAULT_CACHE_PATH, DEFAULT_PROFILES_PATH
from aim_runtime.vocabulary import Vendor

KFD, DRI = "/dev/kfd", "/dev/dri"
SECRETS_AT = "/run/secrets"
# Where a custom profile lies beside what is generated.
PROFILES = "profiles"
TMP = "/tmp"
# What is compiled at a start lies there, and is memory; without exec it could not be loaded.
TMP_BYTES = 4 * GIB
# Each rank of an engine has threads by the cores of the machine; podman's own limit is 2048 in all.
PIDS = 32768
# Podman without root can give a container the groups that its user has, and no others.
KEEP_GROUPS = "keep-groups"
# The user who starts podman is the image's own user inside, and may read and write there what is theirs.
KEEP_USER = f"keep-id:uid={USER}"
HEALTH_INTERVAL_S, HEALTH_TIMEOUT_S, HEALTH_RETRIES = 10, 10, 3


@dataclass(frozen=True)
class Mount:
    """A folder or a file of the machine, or a volume, and where the container has it.

    `beside`: the folder lies beside what is generated.
    """

    source: str
    target: str
    volume: bool = False
    read_only: bool = False
    beside: bool = False


@dataclass(frozen=True)
class Container:
    """Sizes in bytes, times in seconds; `ports` as `[ADDRESS:]PORT:PORT`; `nvidia` is a number of GPUs.

    `secrets` are pairs of a variable and what gives it; the variable NAME_FILE names where it is mounted.
    """

    name: str
    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    ports: tuple[str, ...]
    devices: tuple[str, ...]
    nvidia: int
    groups: tuple[str, ...]
    user_namespace: str | None
    mounts: tuple[Mount, ...]
    secrets: tuple[tuple[str, str], ...]
    shm_bytes: int
    memory_bytes: int
    start_s: int
    stop_s: int

    @property
    def tmpfs(self) -> str:
        """/tmp on a root that is read-only, in the words of `--tmpfs`."""
        return f"{TMP}:rw,exec,nosuid,nodev,mode=1777,size={container_size(TMP_BYTES)}"


def container(wanted: Needs, asked: Asked) -> Container:
    """What serves `wanted` as it was `asked`."""
    made_by, given = vendor(wanted), wanted.resources
    return Container(
        name=asked.name,
        image=asked.image,
        arguments=wanted.command,
        environment=_environment(wanted, asked),
        ports=_ports(wanted, asked),
        devices=(KFD, DRI) if made_by is Vendor.AMD else (),
        nvidia=wanted.accelerators.gpus if made_by is Vendor.NVIDIA else 0,
        groups=_groups(asked) if made_by is Vendor.AMD else (),
        user_namespace=KEEP_USER if asked.rootless else None,
        mounts=tuple(_mounts(wanted, asked)),
        secrets=asked.secrets,
        shm_bytes=given.shm_bytes,
        memory_bytes=given.memory_limit_bytes + TMP_BYTES,
        start_s=wanted.times.start_s,
        stop_s=wanted.times.grace_s,
    )


def _environment(wanted: Needs, asked: Asked) -> dict[str, str]:
    """The plan's variables, where secrets lie, and what the container makes necessary."""
    found = wanted.environment
    if wanted.management_port:
        # What is published reaches the container by its own address, not by its loopback.
        found["AIM_MANAGEMENT_HOST"] = EVERYWHERE
    if asked.read_only_cache:
        found["AIM_RECORD_PATH"] = ""
    return found | {f"{name}_FILE": f"{SECRETS_AT}/{name}" for name, _ in asked.secrets}


def _ports(wanted: Needs, asked: Asked) -> tuple[str, ...]:
    """The service where it was asked for; the management port, which asks for no key, on the loopback."""
    service = f"{asked.publish or wanted.port}:{wanted.port}"
    management = wanted.management_port
    return (service, *((f"127.0.0.1:{management}:{management}",) if management else ()))


def _groups(asked: Asked) -> tuple[str, ...]:
    return (KEEP_GROUPS,) if asked.rootless else tuple(map(str, asked.groups))


def _mounts(wanted: Needs, asked: Asked) -> list[Mount]:
    source = asked.folder or asked.volume
    cache = Mount(source, DEFAULT_CACHE_PATH, volume=asked.folder is None, read_only=asked.read_only_cache)
    # What the plan names on this machine is found inside by the same path.
    paths = dict.fromkeys(each.path for each in wanted.local)
    local = [
        Mount(str(path), str(path), read_only=True)
        for path in paths
        if not path.is_relative_to(DEFAULT_CACHE_PATH)
    ]
    custom = Mount(PROFILES, f"{DEFAULT_PROFILES_PATH}/custom", read_only=True, beside=True)
    return [cache, *local, *([custom] if wanted.custom_profile else [])]
