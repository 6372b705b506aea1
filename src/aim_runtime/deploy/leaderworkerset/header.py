"""What a person should know who opens the manifest of a group: what it serves, what to do with it."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.header import create_secret, patience, where, within
from aim_runtime.deploy.kubernetes.service import PORT
from aim_runtime.deploy.leaderworkerset.group import Group
from aim_runtime.deploy.needs import Needs


def header(wanted: Needs, asked: Asked, group: Group, command: str) -> str:
    """The lines of a comment; `command` is what made the manifest."""
    service, into = f"{asked.name}-leader", within(asked)
    lines = [
        f"{wanted.model_id} on {group.machines} machines with {where(wanted)} each, "
        f"profile {wanted.profile_id}",
        *([f"Memory: {wanted.memory_summary}"] if wanted.memory_summary else []),
        patience(wanted),
        "",
        f"Made by: {command}",
        "",
        f"Must be there: {'; '.join(_there(asked, group))}.",
        *(["First, once:", f"  {create_secret(wanted, asked)}"] if wanted.secrets else []),
        "Then:",
        f"  kubectl{into} apply -f THIS_FILE",
        "In the cluster the leader of each group answers at:",
        f"  http://{service}{f'.{asked.namespace}' if asked.namespace else ''}/v1",
        "From here:",
        f"  kubectl{into} port-forward service/{service} 8000:{PORT}  # then http://localhost:8000/v1",
    ]
    return "\n".join(lines)


def _there(asked: Asked, group: Group) -> Iterator[str]:
    """What the manifest names and does not make."""
    yield "the controller of LeaderWorkerSet (https://lws.sigs.k8s.io)"
    if asked.namespace:
        allowed = ", in which pods may have their node's network" if group.host_network else ""
        yield f"the namespace {asked.namespace}{allowed}"
    elif group.host_network:
        yield "a namespace in which pods may have their node's network"
    if asked.claim:
        yield f"the volume claim {asked.claim}, which several nodes can mount"
    if asked.pull_secret:
        yield f"the secret {asked.pull_secret} for the image"
    if group.rdma:
        yield f"a device plugin that gives nodes {group.rdma[0]}"
