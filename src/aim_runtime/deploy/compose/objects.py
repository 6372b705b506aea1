"""The Compose file, of what we say in it: field names are the specification's.

https://github.com/compose-spec/compose-spec/blob/main/spec.md . What is None or empty is not written.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field


class Object(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mapping of the file."""


class Bind(Object, frozen=True):
    create_host_path: bool | None = None
    selinux: str | None = None


class ServiceVolume(Object, frozen=True):
    type: str
    source: str
    target: str
    read_only: bool | None = None
    bind: Bind | None = None


class ServiceSecret(Object, frozen=True):
    source: str
    target: str


class Healthcheck(Object, frozen=True):
    test: list[str]
    interval: str
    timeout: str
    retries: int
    start_period: str


class ReservedDevice(Object, frozen=True):
    driver: str
    count: int
    capabilities: list[str]


class Reservations(Object, frozen=True):
    devices: list[ReservedDevice]


class Resources(Object, frozen=True):
    reservations: Reservations


class Deploy(Object, frozen=True):
    resources: Resources


class Service(Object, frozen=True):
    image: str
    container_name: str | None = None
    command: list[str] = []
    environment: Mapping[str, str] = {}
    ports: list[str] = []
    devices: list[str] = []
    group_add: list[str] = []
    userns_mode: str | None = None
    deploy: Deploy | None = None
    shm_size: str | None = None
    mem_limit: str | None = None
    pids_limit: int | None = None
    read_only: bool | None = None
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    volumes: list[ServiceVolume] = []
    secrets: list[ServiceSecret] = []
    healthcheck: Healthcheck | None = None
    stop_grace_period: str | None = None
    restart: str | None = None


class Volume(Object, frozen=True):
    name: str


class Secret(Object, frozen=True):
    file: str


class Podman(Object, frozen=True):
    """What only podman-compose reads: whether it makes a pod around the services."""

    in_pod: bool


class Compose(Object, frozen=True):
    name: str
    services: Mapping[str, Service]
    volumes: Mapping[str, Volume] = {}
    secrets: Mapping[str, Secret] = {}
    podman: Podman | None = field(default=None, name="x-podman")
