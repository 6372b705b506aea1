"""The models room: what went wrong at ModelScope, in the words of the person who has to put it right."""

from __future__ import annotations

from collections.abc import Sequence

from aim_runtime.errors import AccessDenied, ModelError, ModelNotFound, SourceUnreachable, did_you_mean
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.objects import brief
from aim_runtime.models.words import redact

_CHECK = "check the network, the proxy and MODELSCOPE_ENDPOINT"


def unreachable(endpoint: str, reason: str) -> SourceUnreachable:
    """Return the error for a hub that gives no answer."""
    trust = "; SSL_CERT_FILE names the authority of its certificate" if "secure connection" in reason else ""
    return SourceUnreachable(f"{redact(endpoint)} cannot be reached: {reason}", hint=f"{_CHECK}{trust}")


def strange(endpoint: str) -> SourceUnreachable:
    """Return the error for an answer that cannot be understood."""
    return SourceUnreachable(f"what answers at {redact(endpoint)} is not ModelScope", hint=_CHECK)


def said_no(endpoint: str, message: str) -> SourceUnreachable:
    """Return the error for a refusal in the hub's own words."""
    return SourceUnreachable(f"{redact(endpoint)} refuses: {redact(message)[:200]}", hint="try again later")


def no_revision(ref: ModelRef, endpoint: str, known: Sequence[str]) -> ModelNotFound:
    return ModelNotFound(
        f"{ref.name} has no revision {ref.revision!r} at {redact(endpoint)}",
        hint=f"it has {brief(known)}{did_you_mean(ref.revision or '', known)}"
        if known
        else "check the spelling",
    )


def refused(status: int, ref: ModelRef, endpoint: str, *, has_token: bool) -> ModelError:
    """Return the error for an HTTP status of the hub."""
    shown = redact(endpoint)
    page = f"{shown}/models/{ref.name}"
    if status == 401 and has_token:
        return AccessDenied(
            f"{shown} does not accept the access token",
            hint=f"set MODELSCOPE_API_TOKEN to a new one from {shown}/my/myaccesstoken",
        )
    if status in (401, 403) and not has_token:
        return AccessDenied(
            f"{ref.name} needs an access token, and none is set",
            hint=f"make one at {shown}/my/myaccesstoken, and set MODELSCOPE_API_TOKEN to it",
        )
    if status in (401, 403):
        return AccessDenied(
            f"the access token is good, but it may not read {ref.name}", hint=f"ask for access at {page}"
        )
    if status == 404:
        private = "" if has_token else "; a private one needs MODELSCOPE_API_TOKEN"
        return ModelNotFound(f"{shown} has no model {ref.name}", hint=f"check the spelling{private}")
    return SourceUnreachable(f"{shown} answered with HTTP status {status}", hint="try again later")
