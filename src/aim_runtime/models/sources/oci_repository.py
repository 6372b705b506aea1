"""The models room: a repository of a registry, and how it is reached."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from aim_runtime.models.ref import ModelRef

_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Repository:
    """`registry` is its host, with a port where it has one; `name` the path of the repository in it."""

    registry: str
    name: str

    @classmethod
    def of(cls, ref: ModelRef) -> Repository:
        registry, _, name = ref.name.partition("/")
        if registry in _DOCKER_HUB and "/" not in name:
            name = f"library/{name}"
        return cls(registry, name)

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"

    @property
    def host(self) -> str:
        """The host that answers: Docker's registry is elsewhere than its name says."""
        return "registry-1.docker.io" if self.registry in _DOCKER_HUB else self.registry

    @property
    def schemes(self) -> tuple[str, ...]:
        """How to talk to it, in order: without TLS only inside this machine, as docker and skopeo do."""
        return ("https", "http") if is_loopback(self.host) else ("https",)

    @property
    def credential_keys(self) -> tuple[str, ...]:
        """The names under which an authentication file may have its credentials, the closest first."""
        parts = str(self).split("/")
        keys = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
        if self.registry in _DOCKER_HUB:
            keys += [*_DOCKER_HUB, "https://index.docker.io/v1/"]
        return (*keys, f"https://{self.registry}", f"https://{self.registry}/", f"http://{self.registry}")


def is_loopback(netloc: str) -> bool:
    """Return whether a host, with or without a port, is an address of this machine's own loopback."""
    host = urlsplit(f"//{netloc}").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
