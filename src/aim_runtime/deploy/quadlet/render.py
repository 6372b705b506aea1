"""The container's unit and its volume's."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.container.asked import Asked
from aim_runtime.deploy.container.container import (
    HEALTH_INTERVAL_S,
    HEALTH_RETRIES,
    HEALTH_TIMEOUT_S,
    PIDS,
    Container,
    Mount,
    container,
)
from aim_runtime.deploy.identity import USER
from aim_runtime.deploy.needs import Needs, secret_key
from aim_runtime.deploy.quadlet import objects
from aim_runtime.deploy.quadlet.objects import File, Install, Service, Unit, Volume
from aim_runtime.deploy.quadlet.text import words
from aim_runtime.deploy.quantity import container_size
from aim_runtime.errors import ConfigError, HardwareError, InvalidValue, ProfileError

# The image may have to be fetched first: 30 GB and more, over a link of 400 Mbit/s.
PULL_S = 1800
# What podman needs to end a container beside what the container itself takes.
MARGIN_S = 15
RESTART_S = 10
# A start that fails of these would fail again.
_LASTING = (ConfigError, HardwareError, ProfileError)


def render(wanted: Needs, asked: Asked) -> list[File]:
    """Return the units; raise InvalidValue for what a unit cannot say."""
    _check(asked)
    found = container(wanted, asked)
    volumes = [mount for mount in found.mounts if mount.volume]
    return [
        File(
            f"{found.name}.container",
            {
                "Unit": Unit(
                    description=_unexpanded(f"{wanted.model_id} by {wanted.profile_id}"),
                    wants=["network-online.target"],
                    after=["network-online.target"],
                    # However often it fails: what is not there today may be tomorrow.
                    start_limit_interval_sec=0,
                ),
                "Container": _container(found, asked),
                "Service": Service(
                    restart="on-failure",
                    restart_sec=RESTART_S,
                    restart_prevent_exit_status=" ".join(str(kind.exit_code) for kind in _LASTING),
                    timeout_start_sec=PULL_S,
                    timeout_stop_sec=found.stop_s + MARGIN_S,
                ),
                "Install": Install(wanted_by=["multi-user.target", "default.target"]),
            },
        ),
        *(File(f"{found.name}.volume", {"Volume": Volume(volume_name=each.source)}) for each in volumes),
    ]


def _check(asked: Asked) -> None:
    if asked.folder and not asked.folder.startswith("/"):
        raise InvalidValue(
            f"--cache: {asked.folder} is sought in another folder when systemd starts the service",
            hint="give the whole path, from /",
        )
    for name, source in asked.secrets:
        if "/" in source:
            raise InvalidValue(
                f"--secret: {source} is a file, where a secret of podman's is to be named for {name}",
                hint=f"podman secret create {secret_key(name)} {source}, and that name here",
            )


def _container(found: Container, asked: Asked) -> objects.Container:
    devices = [*found.devices, *(f"nvidia.com/gpu={number}" for number in range(found.nvidia))]
    return objects.Container(
        image=found.image,
        container_name=found.name,
        exec=words(found.arguments),
        environment=[words([f"{name}={value}"]) for name, value in found.environment.items()],
        publish_port=list(found.ports),
        add_device=devices,
        user_ns=found.user_namespace,
        volume=[_volume(mount, found.name, asked) for mount in found.mounts],
        secret=[
            f"{source},type=mount,target={name},uid={USER},gid=0,mode=0400" for name, source in found.secrets
        ],
        shm_size=container_size(found.shm_bytes),
        pids_limit=PIDS,
        read_only=True,
        tmpfs=[found.tmpfs],
        drop_capability="all",
        no_new_privileges=True,
        # Alive, not ready: what is not alive is killed, and systemd starts it again.
        health_cmd="aim-runtime healthcheck --live",
        health_interval=f"{HEALTH_INTERVAL_S}s",
        health_timeout=f"{HEALTH_TIMEOUT_S}s",
        health_retries=HEALTH_RETRIES,
        health_start_period=f"{found.start_s}s",
        health_on_failure="kill",
        podman_args=list(_more(found)),
    )


def _more(found: Container) -> Iterator[str]:
    """Flags for which podman 4.9 has no key."""
    yield f"--memory={container_size(found.memory_bytes)}"
    yield f"--stop-timeout={found.stop_s}"
    yield from (f"--group-add={group}" for group in found.groups)


def _volume(mount: Mount, name: str, asked: Asked) -> str:
    # Another unit makes the volume: podman's generator knows it by the name of that file.
    source = f"{name}.volume" if mount.volume else mount.source
    options = [
        *(["ro"] if mount.read_only else []),
        *(["z"] if asked.selinux and not mount.volume else []),
    ]
    return words([":".join([f"./{source}" if mount.beside else source, mount.target, *_joined(options)])])


def _joined(options: list[str]) -> list[str]:
    return [",".join(options)] if options else []


def _unexpanded(text: str) -> str:
    """A text in which systemd expands nothing."""
    return text.replace("%", "%%")
