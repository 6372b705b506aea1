"""The pods of a group: one that leads and answers, and others that work for it."""

from __future__ import annotations

from msgspec.structs import replace

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.config_map import digest
from aim_runtime.deploy.kubernetes.labels import COMPONENT, labels
from aim_runtime.deploy.kubernetes.objects import (
    Container,
    Env,
    PodSpec,
    PodTemplate,
    Probe,
    TemplateMetadata,
)
from aim_runtime.deploy.kubernetes.pod import pod_spec, serving
from aim_runtime.deploy.leaderworkerset.group import Group
from aim_runtime.deploy.needs import Needs
from aim_runtime.variables import DEFAULT_MASTER_PORT

LEADER, WORKER = "leader", "worker"


def leader(wanted: Needs, asked: Asked, group: Group) -> PodTemplate:
    """The pod that any deployment has, in a group."""
    return _template(wanted, asked, group, LEADER, _container(wanted, asked, group))


def worker(wanted: Needs, asked: Asked, group: Group) -> PodTemplate:
    """The same without what it does not have: no port that answers, and so nothing to be ready for.

    It is live as soon as its management port answers, and may wait for its leader as long as that takes.
    """
    container = _container(wanted, asked, group)
    begins, lives = container.startup_probe, container.liveness_probe
    probes: dict[str, Probe | None] = {"startup_probe": None, "liveness_probe": None}
    if wanted.management_port and begins and lives:
        probes = {"startup_probe": replace(begins, http_get=lives.http_get), "liveness_probe": lives}
    ports = [each for each in container.ports if each.name == "management"]
    alone = replace(container, ports=ports, readiness_probe=None, **probes)
    return _template(wanted, asked, group, WORKER, alone)


def _template(wanted: Needs, asked: Asked, group: Group, component: str, container: Container) -> PodTemplate:
    spec: PodSpec = replace(pod_spec(wanted, asked), containers=[container], service_account_name=asked.name)
    if group.host_network:
        # Else names of the cluster, the leader's among them, are asked of the node's own servers.
        spec = replace(spec, host_network=True, dns_policy="ClusterFirstWithHostNet")
    said = TemplateMetadata(
        labels={**labels(asked), COMPONENT: component}, annotations=digest(wanted.custom_profile)
    )
    return PodTemplate(metadata=said, spec=spec)


def _container(wanted: Needs, asked: Asked, group: Group) -> Container:
    container = serving(wanted, asked)
    said = {each.name: each for each in container.env}
    said |= {name: Env(name=name, value=value) for name, value in _variables(group).items()}
    given = container.resources
    if group.rdma and given:
        name, count = group.rdma
        given = replace(given, requests={**given.requests, name: count}, limits={**given.limits, name: count})
    return replace(container, env=list(said.values()), resources=given)


def _variables(group: Group) -> dict[str, str]:
    """How many there are, and which, the controller says itself: LWS_GROUP_SIZE, LWS_WORKER_INDEX, …"""
    port = {} if group.port == DEFAULT_MASTER_PORT else {"AIM_MASTER_PORT": str(group.port)}
    names = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME") if group.interface else ()
    return {**port, **dict.fromkeys(names, group.interface or ""), **dict(group.variables)}
