"""What a person should know who opens the values: what they serve, how to make and to install them."""

from __future__ import annotations

from collections.abc import Iterator

from aim_runtime.deploy.asked import Asked
from aim_runtime.deploy.kubernetes.header import where
from aim_runtime.deploy.needs import Needs, secret_key

CHART = "deploy/helm/aim"


def header(wanted: Needs, asked: Asked, command: str) -> str:
    """The lines of a comment; `command` is what made the values."""
    return "\n".join(_lines(wanted, asked, command))


def _lines(wanted: Needs, asked: Asked, command: str) -> Iterator[str]:
    yield f"{wanted.model_id} on {where(wanted)}, profile {wanted.profile_id}"
    yield f"Made by: {command}"
    namespace = f" --namespace {asked.namespace}" if asked.namespace else ""
    if wanted.secrets:
        need = "which pods wait for" if wanted.guards else "where the weights need it"
        keys = ", ".join(map(secret_key, wanted.secrets))
        yield f"First, {need}: the secret {asked.token_secret} with {keys}."
    create = f"{namespace} --create-namespace" if namespace else ""
    yield f"Then: helm upgrade --install {asked.name} {CHART}{create} --values THIS_FILE"
