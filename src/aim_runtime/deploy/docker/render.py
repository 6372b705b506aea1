"""The flags of `docker run`, which are podman's as well but for NVIDIA's GPUs and for files under SELinux."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import StrEnum

from aim_runtime.deploy.container.asked import Asked
from aim_runtime.deploy.container.container import (
    HEALTH_INTERVAL_S,
    HEALTH_RETRIES,
    HEALTH_TIMEOUT_S,
    PIDS,
    SECRETS_AT,
    Container,
    Mount,
    container,
)
from aim_runtime.deploy.documents import comments
from aim_runtime.deploy.needs import Needs
from aim_runtime.deploy.quantity import container_size
from aim_runtime.errors import InvalidValue

# The folder of the script, as the script finds it.
_HERE = '"$here"'


class Engine(StrEnum):
    """What runs containers."""

    DOCKER = "docker"
    PODMAN = "podman"


def render(wanted: Needs, asked: Asked, engine: Engine = Engine.DOCKER) -> list[str]:
    """The words of the command as a shell reads them, a flag each; raise InvalidValue for a contradiction."""
    if asked.rootless and engine is not Engine.PODMAN:
        raise InvalidValue(
            "--rootless is podman's: docker without root gives a container no groups of the machine's",
            hint="add --engine podman",
        )
    found = container(wanted, asked)
    _check(asked)
    flags = _flags(found, asked, engine)
    return [f"{engine} run", *flags, shlex.quote(found.image), *map(shlex.quote, found.arguments)]


def script(words: list[str], header: str) -> str:
    """The command as a program for any shell, a word a line."""
    here = ['here=$(cd "$(dirname "$0")" && pwd)\n'] if any(_HERE in word for word in words) else []
    command = " \\\n  ".join(words)
    return f"#!/bin/sh\n{comments(header)}set -eu\n{''.join(here)}exec {command}\n"


def _check(asked: Asked) -> None:
    for option, path in [
        ("--cache", asked.folder or "/"),
        *(("--secret", path) for _, path in asked.secrets),
    ]:
        if not path.startswith("/"):
            raise InvalidValue(
                f"{option}: {path} is sought in the folder in which the script happens to be started",
                hint="give the whole path, from /",
            )


def _flags(found: Container, asked: Asked, engine: Engine) -> Iterator[str]:
    yield from ("--detach", f"--name={found.name}", "--restart=unless-stopped")
    yield from (f"--env={shlex.quote(f'{name}={value}')}" for name, value in found.environment.items())
    yield from (f"--publish={port}" for port in found.ports)
    yield from (f"--device={device}" for device in found.devices)
    yield from (f"--group-add={group}" for group in found.groups)
    yield from [f"--userns={found.user_namespace}"] if found.user_namespace else []
    yield from _nvidia(found.nvidia, engine)
    yield f"--shm-size={container_size(found.shm_bytes)}"
    yield f"--memory={container_size(found.memory_bytes)}"
    yield f"--pids-limit={PIDS}"
    yield from ("--read-only", f"--tmpfs={found.tmpfs}")
    yield from ("--cap-drop=ALL", "--security-opt=no-new-privileges")
    yield from (_mount(each, asked) for each in found.mounts)
    for name, source in found.secrets:
        yield _mount(Mount(source, f"{SECRETS_AT}/{name}", read_only=True), asked)
    yield f"--health-cmd={shlex.quote('aim-runtime healthcheck')}"
    yield f"--health-interval={HEALTH_INTERVAL_S}s"
    yield f"--health-timeout={HEALTH_TIMEOUT_S}s"
    yield f"--health-retries={HEALTH_RETRIES}"
    yield f"--health-start-period={found.start_s}s"
    yield f"--stop-timeout={found.stop_s}"


def _nvidia(count: int, engine: Engine) -> Iterator[str]:
    if count and engine is Engine.DOCKER:
        yield f"--gpus={count}"
    elif count:
        yield from (f"--device=nvidia.com/gpu={number}" for number in range(count))


def _mount(mount: Mount, asked: Asked) -> str:
    source = f"{_HERE}{shlex.quote(f'/{mount.source}')}" if mount.beside else shlex.quote(mount.source)
    target = shlex.quote(mount.target)
    if asked.selinux and not mount.volume:
        # --mount cannot label for SELinux in docker; --volume makes a folder of what is not there.
        return f"--volume={source}:{target}:{'ro,z' if mount.read_only else 'z'}"
    kind = "volume" if mount.volume else "bind"
    return f"--mount=type={kind},source={source},target={target}{',readonly' if mount.read_only else ''}"
