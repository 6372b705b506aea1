"""What a person should know who opens the manifest of an InferenceService."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.asked import Asked, Autoscaler
from aim_runtime.deploy.kserve.asked import namespace_room
from aim_runtime.deploy.kubernetes.header import first, opening, within
from aim_runtime.deploy.needs import Needs


def header(wanted: Needs, asked: Asked, command: str) -> str:
    """The lines of a comment; `command` is what made the manifest."""
    before = first(wanted, asked, _there(asked))
    return "\n".join([*opening(wanted, command), "", *before, *_then(wanted, asked)])


def _there(asked: Asked) -> Iterator[str]:
    yield "KServe"
    if asked.namespace:
        yield f"the namespace {asked.namespace}"
    else:
        yield f"a namespace with a name of at most {namespace_room(asked)} characters"
    if asked.claim:
        yield f"the volume claim {asked.claim}"
    if asked.pull_secret:
        yield f"the secret {asked.pull_secret} for the image"
    if asked.autoscaler is Autoscaler.KEDA:
        yield f"KEDA, and a Prometheus at {asked.prometheus}"


def _then(wanted: Needs, asked: Asked) -> Iterator[str]:
    namespace = f".{asked.namespace}" if asked.namespace else ""
    wait = f"wait --for=condition=Ready --timeout={wanted.times.start_s}s inferenceservice/{asked.name}"
    yield "Then:"
    yield f"  kubectl{within(asked)} apply -f THIS_FILE"
    yield f"  kubectl{within(asked)} {wait}"
    yield "In the cluster it answers at:"
    yield f"  http://{asked.name}-predictor{namespace}/v1"
