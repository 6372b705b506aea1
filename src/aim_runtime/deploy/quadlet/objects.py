"""Quadlet's units, of what we say in them: field names are the keys in our spelling.

https://docs.podman.io/en/latest/markdown/podman-systemd.unit.5.html . Only keys that podman 4.9 has, which is
what the oldest distribution with long support that has quadlets comes with; what came later (GroupAdd in 5.1,
StopTimeout in 5.0, Memory in 5.6) is said by PodmanArgs. A list is written as a line each; what is None or
empty is not written.
"""

from __future__ import annotations

from msgspec import Struct


def _key(name: str) -> str:
    """The key of a field: `publish_port` is `PublishPort`, and `user_ns` is `UserNS`."""
    return _SPELLED.get(name, "".join(map(str.capitalize, name.split("_"))))


_SPELLED = {"user_ns": "UserNS"}


class Section(Struct, frozen=True, kw_only=True, omit_defaults=True, rename=_key):
    """One section of a unit."""


class Unit(Section, frozen=True):
    description: str
    wants: list[str] = []
    after: list[str] = []
    start_limit_interval_sec: int | None = None


class Container(Section, frozen=True):
    image: str
    container_name: str
    exec: str
    environment: list[str] = []
    publish_port: list[str] = []
    add_device: list[str] = []
    user_ns: str | None = None
    volume: list[str] = []
    secret: list[str] = []
    shm_size: str | None = None
    pids_limit: int | None = None
    read_only: bool | None = None
    tmpfs: list[str] = []
    drop_capability: str | None = None
    no_new_privileges: bool | None = None
    health_cmd: str | None = None
    health_interval: str | None = None
    health_timeout: str | None = None
    health_retries: int | None = None
    health_start_period: str | None = None
    health_on_failure: str | None = None
    podman_args: list[str] = []


class Volume(Section, frozen=True):
    volume_name: str


class Service(Section, frozen=True):
    restart: str
    restart_sec: int
    restart_prevent_exit_status: str
    timeout_start_sec: int
    timeout_stop_sec: int


class Install(Section, frozen=True):
    wanted_by: list[str]


class File(Struct, frozen=True):
    """One file: its name, and its sections by their names in their order."""

    name: str
    sections: dict[str, Section]
