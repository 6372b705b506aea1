"""The models room: what the environment says of an S3 store: its address, its keys, whom it is signed by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.errors import SourceUnreachable
from aim_runtime.models.words import redact

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# The more special one wins, as for AWS's own programs.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_AUTHORITIES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def endpoint_of(environment: Mapping[str, str]) -> str | None:
    """Return the store that the environment names; None for Amazon's own."""
    return first(environment, _ENDPOINTS)


def shown_endpoint(environment: Mapping[str, str]) -> str:
    """Return how the store is called in messages."""
    return redact(endpoint_of(environment) or "Amazon S3")


def authorities(environment: Mapping[str, str]) -> str | None:
    """Return the file of certificate authorities to trust in place of the usual ones."""
    for name in _AUTHORITIES:
        path = environment.get(name)
        if path and not Path(path).exists():
            raise SourceUnreachable(
                f"{name} names {path}, which is not there", hint=f"correct or unset {name}"
            )
        if path:
            return path
    return None


def first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """Return the value of the first of these variables that has one."""
    return next((value for name in names if (value := environment.get(name, "").strip())), None)
