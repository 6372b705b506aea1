"""What the user asks of a deployment beside the plan: names, the image, replicas, what stands around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from aim_runtime.deploy.needs import Needs
from aim_runtime.errors import InvalidValue
from aim_runtime.images.names import image_of, sanitized
from aim_runtime.vocabulary import Vendor

GPU_RESOURCE = "amd.com/gpu"
TOKEN_SECRET = "hf-token"
# Where Prometheus' operator puts it.
PROMETHEUS = "http://prometheus-operated.monitoring.svc:9090"
# RFC 1123, and one that a Service may have as well (RFC 1035), with room for what is put behind it.
NAME_LENGTH = 50
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


class Autoscaler(StrEnum):
    """What changes the number of replicas by the engine's queue."""

    NONE = "none"
    KEDA = "keda"
    HPA = "hpa"


class Access(StrEnum):
    """How a volume may be mounted, as Kubernetes calls it."""

    ONE_NODE = "ReadWriteOnce"
    MANY = "ReadWriteMany"
    READ_MANY = "ReadOnlyMany"


@dataclass(frozen=True)
class Asked:
    """What was asked for, or is usual.

    `claim` is a volume claim that is there already, instead of one of our own; `cache` whether there is
    a volume at all (else the weights are fetched at every start); `node_labels` are required of the nodes
    beside the accelerators; `gateway` is the Gateway that routes `hostname` here, `endpoint_picker` the
    Service that chooses within an InferencePool; `surge` whether an update starts a new pod before an old
    one ends, which needs free accelerators; `prometheus` is what an autoscaler asks.
    """

    name: str
    image: str
    namespace: str | None = None
    replicas: int = 1
    gpu_resource: str = GPU_RESOURCE
    cache: bool = True
    claim: str | None = None
    storage_class: str | None = None
    access: Access = Access.MANY
    download: bool = False
    token_secret: str = TOKEN_SECRET
    autoscaler: Autoscaler = Autoscaler.NONE
    max_replicas: int = 4
    monitor: bool = False
    network_policy: bool = True
    gateway: str | None = None
    hostname: str | None = None
    endpoint_picker: str | None = None
    prometheus: str = PROMETHEUS
    surge: bool = False
    inference_pool: bool = False
    node_labels: tuple[tuple[str, str], ...] = ()
    pull_secret: str | None = None


def usual_name(wanted: Needs) -> str:
    """The name where none was asked for: the model's own, as a name of Kubernetes: `qwen3-32b`."""
    name = sanitized(wanted.model_id.rpartition("/")[2])
    name = re.sub(r"[^a-z0-9-]", "", name)
    return (name if name[:1].isalpha() else f"aim-{name}")[:NAME_LENGTH].rstrip("-")


def usual_gpu_resource(wanted: Needs) -> str:
    """What the vendor's device plugin calls its GPUs: `amd.com/gpu`."""
    return f"{wanted.accelerators.vendor or Vendor.AMD}.com/gpu"


def usual_image(wanted: Needs) -> str:
    """The image where none was asked for."""
    return image_of(wanted.aim_id, cpu=not wanted.accelerators.gpus)


def checked_name(text: str, *, what: str = "--name") -> str:
    """Return `text`, or raise InvalidValue where Kubernetes would not have it for a name."""
    if _NAME.fullmatch(text) and len(text) <= NAME_LENGTH:
        return text
    raise InvalidValue(
        f"{what} {text!r} is not a name that a Service can have",
        hint=f"use lower-case letters, digits and -, a letter first, at most {NAME_LENGTH}: "
        f"for example {sanitized(text)[:NAME_LENGTH] or 'llm'}",
    )
