"""The Compose file of one service."""

from __future__ import annotations

from collections.abc import Iterable

from aim_runtime.deploy.compose.objects import (
    Bind,
    Compose,
    Deploy,
    Healthcheck,
    Podman,
    Reservations,
    ReservedDevice,
    Resources,
    Secret,
    Service,
    ServiceSecret,
    ServiceVolume,
    Volume,
)
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
from aim_runtime.deploy.needs import Needs, secret_key
from aim_runtime.deploy.quantity import container_size

SERVICE, MODELS = "aim", "models"


def render(wanted: Needs, asked: Asked) -> list[Compose]:
    """Return the file's one document."""
    found = container(wanted, asked)
    volume = next((mount for mount in found.mounts if mount.volume), None)
    return [
        Compose(
            name=found.name,
            services={SERVICE: _service(found, asked)},
            # By a name of its own: else the project's would be put in front.
            volumes={MODELS: Volume(name=volume.source)} if volume else {},
            secrets={secret_key(name): Secret(file=_literal(_path(file))) for name, file in found.secrets},
            # A container in a pod has the pod's user namespace, which keeps nobody's user.
            podman=Podman(in_pod=False),
        )
    ]


def _service(found: Container, asked: Asked) -> Service:
    return Service(
        image=_literal(found.image),
        container_name=found.name,
        command=list(map(_literal, found.arguments)),
        environment={name: _literal(value) for name, value in found.environment.items()},
        ports=list(found.ports),
        devices=[f"{device}:{device}" for device in found.devices],
        group_add=list(found.groups),
        userns_mode=found.user_namespace,
        deploy=_nvidia(found.nvidia) if found.nvidia else None,
        shm_size=container_size(found.shm_bytes),
        mem_limit=container_size(found.memory_bytes),
        pids_limit=PIDS,
        read_only=True,
        tmpfs=[found.tmpfs],
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        volumes=list(_volumes(found.mounts, asked)),
        secrets=[ServiceSecret(source=secret_key(name), target=name) for name, _ in found.secrets],
        healthcheck=Healthcheck(
            test=["CMD", "aim-runtime", "healthcheck"],
            interval=f"{HEALTH_INTERVAL_S}s",
            timeout=f"{HEALTH_TIMEOUT_S}s",
            retries=HEALTH_RETRIES,
            start_period=f"{found.start_s}s",
        ),
        stop_grace_period=f"{found.stop_s}s",
        restart="unless-stopped",
    )


def _nvidia(count: int) -> Deploy:
    device = ReservedDevice(driver="nvidia", count=count, capabilities=["gpu"])
    return Deploy(resources=Resources(reservations=Reservations(devices=[device])))


def _volumes(mounts: Iterable[Mount], asked: Asked) -> Iterable[ServiceVolume]:
    # A folder that is not there would be made, by root, and the image's user could not write into it.
    bind = Bind(create_host_path=False, selinux="z" if asked.selinux else None)
    for mount in mounts:
        source = MODELS if mount.volume else _literal(_path(mount.source))
        yield ServiceVolume(
            type="volume" if mount.volume else "bind",
            source=source,
            target=mount.target,
            read_only=mount.read_only or None,
            bind=None if mount.volume else bind,
        )


def _path(source: str) -> str:
    """A path that Compose takes for one, from the folder of the file where it is relative."""
    return source if source.startswith(("/", ".", "~")) else f"./{source}"


def _literal(text: str) -> str:
    """A $ is a $, not the beginning of a variable of the machine's."""
    return text.replace("$", "$$")
