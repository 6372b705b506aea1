"""Who may speak with the pods, and with whom they may: clients in, names and weights out."""

from __future__ import annotations

from collections.abc import Sequence

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.labels import every_pod, metadata
from aim_runtime.deploy.kubernetes.objects import Document, Object, Selector
from aim_runtime.deploy.needs import Needs

# Where clouds give the credentials of the node to whoever asks.
METADATA_V4, METADATA_V6 = "169.254.169.254/32", "fd00:ec2::254/128"
# NodeLocal DNSCache answers here, on the node and in no namespace.
# https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/
NODE_DNS = "169.254.20.10/32"


class Block(Object, frozen=True, rename={"except_": "except"}):
    cidr: str
    except_: Sequence[str] = ()


class Peer(Object, frozen=True):
    namespace_selector: Selector | None = None
    ip_block: Block | None = None


class PolicyPort(Object, frozen=True):
    port: int | str
    protocol: str


class Ingress(Object, frozen=True):
    ports: list[PolicyPort]


class Egress(Object, frozen=True):
    to: list[Peer]
    ports: list[PolicyPort]


class PolicySpec(Object, frozen=True):
    pod_selector: Selector
    policy_types: list[str]
    ingress: list[Ingress]
    egress: list[Egress]


def network_policy(wanted: Needs, asked: Asked) -> Document:
    """For the pods that serve and for those that fetch."""
    names = ["http", *(["management"] if wanted.management_port else [])]
    return Document(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=metadata(asked),
        spec=PolicySpec(
            pod_selector=every_pod(asked),
            policy_types=["Ingress", "Egress"],
            ingress=[Ingress(ports=[_tcp(name) for name in names])],
            egress=[_names(), *_sources(wanted)],
        ),
    )


def _names() -> Egress:
    return Egress(
        to=[Peer(namespace_selector=Selector()), Peer(ip_block=Block(cidr=NODE_DNS))],
        ports=[PolicyPort(port=53, protocol="UDP"), _tcp(53)],
    )


def _sources(wanted: Needs) -> list[Egress]:
    """Anywhere, on the ports of the sources: whose addresses change is not known by address."""
    if not wanted.source_ports:
        return []
    anywhere = [
        Peer(ip_block=Block(cidr="0.0.0.0/0", except_=[METADATA_V4])),
        Peer(ip_block=Block(cidr="::/0", except_=[METADATA_V6])),
    ]
    return [Egress(to=anywhere, ports=[_tcp(port) for port in wanted.source_ports])]


def _tcp(port: int | str) -> PolicyPort:
    return PolicyPort(port=port, protocol="TCP")
