"""What a person should know who opens the manifest: what it serves, how it was made, what to do with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kubernetes.inference_pool import PICKER_PORT, picker
from aim_runtime.deploy.kubernetes.service import PORT
from aim_runtime.deploy.needs import Needs, secret_key
from aim_runtime.deploy.quantity import memory


def header(wanted: Needs, asked: Asked, command: str) -> str:
    """The lines of a comment; `command` is what made the manifest."""
    before = first(wanted, asked, _there(asked))
    return "\n".join([*opening(wanted, command), "", *before, *_then(asked)])


def opening(wanted: Needs, command: str) -> Iterator[str]:
    """Which plan it is of, and what made it."""
    yield f"{wanted.model_id} on {where(wanted)}, profile {wanted.profile_id}"
    given = wanted.resources
    asked = f"{memory(given.memory_bytes)} of the node, {memory(given.memory_limit_bytes)} at most"
    yield f"Memory: {wanted.memory_summary or asked}"
    yield patience(wanted)
    yield ""
    yield f"Made by: {command}"


def patience(wanted: Needs) -> str:
    """How long is to be waited for it."""
    minutes = -(-wanted.times.start_s // 60)
    return f"A first start may take {minutes} minutes, a stop {wanted.times.grace_s} seconds."


def where(wanted: Needs) -> str:
    """The accelerators of a replica: `8 x MI300X`, `a CPU`."""
    given = wanted.accelerators
    return f"{given.gpus} x {given.model}" if given.gpus else "a CPU"


def first(wanted: Needs, asked: Asked, there: Iterable[str]) -> Iterator[str]:
    """What must be there, as `there` names it, and how the secret is made."""
    names = "; ".join(there)
    if names:
        yield f"Must be there: {names}."
    if wanted.secrets:
        yield f"First, once{_why(wanted)}:"
        yield f"  {create_secret(wanted, asked)}"


def create_secret(wanted: Needs, asked: Asked) -> str:
    """The command that makes the secret from the variables of whoever gives it."""
    values = " ".join(f"--from-literal={secret_key(name)}=${name}" for name in wanted.secrets)
    return f"kubectl{within(asked)} create secret generic {asked.token_secret} {values}"


def _why(wanted: Needs) -> str:
    if wanted.guards:
        return ", because the service must not be open to anybody"
    return ", because the weights are gated" if wanted.gated else ", where the weights need it"


def _there(asked: Asked) -> Iterator[str]:
    """What the manifest names and does not make."""
    if asked.namespace:
        yield f"the namespace {asked.namespace}"
    if asked.claim:
        yield f"the volume claim {asked.claim}"
    if asked.pull_secret:
        yield f"the secret {asked.pull_secret} for the image"
    if asked.monitor:
        yield "Prometheus' operator"
    if asked.autoscaler is Autoscaler.KEDA:
        yield f"KEDA, and a Prometheus at {asked.prometheus}"
    if asked.autoscaler is Autoscaler.HPA:
        yield "prometheus-adapter with the metrics vllm_num_requests_waiting and its like"
    if asked.gateway:
        yield f"the Gateway {asked.gateway}"
    if asked.inference_pool:
        yield f"an endpoint picker, the Service {picker(asked)} with port {PICKER_PORT}"


def _then(asked: Asked) -> Iterator[str]:
    yield "Then:"
    yield f"  kubectl{within(asked)} apply -f THIS_FILE"
    yield f"  kubectl{within(asked)} rollout status deployment/{asked.name}"
    yield "In the cluster it answers at:"
    namespace = f".{asked.namespace}" if asked.namespace else ""
    yield f"  http://{asked.name}{namespace}/v1" + (
        f"  and http://{asked.hostname}/v1" if asked.hostname else ""
    )
    yield "From here:"
    yield f"  kubectl{within(asked)} port-forward service/{asked.name} 8000:{PORT}  # then http://localhost:8000/v1"


def within(asked: Asked) -> str:
    """The option of kubectl for the namespace."""
    return f" -n {asked.namespace}" if asked.namespace else ""
