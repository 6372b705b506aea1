"""What is asked of a group of machines beside what is asked of any deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aim_runtime.deploy.asked import Access, Asked
from aim_runtime.errors import InvalidValue
from aim_runtime.variables import DEFAULT_MASTER_PORT

# What RCCL reads: https://rocm.docs.amd.com/projects/rccl/en/latest/api-reference/env-variables.html
COLLECTIVES = ("NCCL_", "RCCL_")
# The controller's StatefulSets add `-0-` and a hash of ten digits to it, for a label that may have 63.
NAME_LENGTH = 48
_RESOURCE = re.compile(r"(?P<name>[a-z0-9.-]+/[A-Za-z0-9._-]+)(=(?P<count>[1-9]\d*))?")
_INTERFACE = re.compile(r"[\w.:,^=-]+", re.ASCII)


@dataclass(frozen=True)
class Group:
    """`machines` of one group, and how they reach one another.

    `interface` is the network interface between them; `rdma` a resource of the nodes, with its count, that
    opens their fabric; `variables` are RCCL's; with `host_network` the pods have their node's network.
    """

    machines: int
    port: int = DEFAULT_MASTER_PORT
    host_network: bool = False
    interface: str | None = None
    rdma: tuple[str, str] | None = None
    variables: tuple[tuple[str, str], ...] = ()


def checked_group(
    asked: Asked,
    *,
    machines: int,
    port: int,
    host_network: bool,
    interface: str | None,
    rdma: str | None,
    variables: Iterable[str],
) -> Group:
    """Return the group, or raise InvalidValue for what cannot be."""
    if len(asked.name) > NAME_LENGTH:
        raise InvalidValue(
            f"--name {asked.name} is too long for a LeaderWorkerSet, which adds to it",
            hint=f"use --name with at most {NAME_LENGTH} characters",
        )
    if asked.cache and not asked.claim and asked.access is Access.ONE_NODE:
        raise InvalidValue(
            f"--access {asked.access}: such a volume is for one node, and {machines} need the weights",
            hint=f"use --access {Access.MANY}, a --claim that can be mounted by many, or --no-cache",
        )
    if interface and not _INTERFACE.fullmatch(interface):
        raise InvalidValue(f"--interface {interface!r} is no name of one", hint="use for example eth0")
    return Group(
        machines, port, host_network, interface, _resource(rdma) if rdma else None, _pairs(variables)
    )


def _resource(text: str) -> tuple[str, str]:
    found = _RESOURCE.fullmatch(text)
    if not found:
        raise InvalidValue(
            f"--rdma {text!r} is no resource of a node",
            hint="write it as the nodes have it, for example rdma/hca=8 (kubectl describe node)",
        )
    return found["name"], found["count"] or "1"


def _pairs(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    found = []
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name.startswith(COLLECTIVES):
            raise InvalidValue(
                f"--rccl {text!r} is none of RCCL's variables",
                hint="write it as NAME=VALUE, the name as RCCL has it: NCCL_IB_HCA=mlx5",
            )
        found.append((name, value))
    return tuple(found)
