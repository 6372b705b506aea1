"""The models room: what went wrong at a hub, in the words of the person who has to put it right."""

from __future__ import annotations

from collections.abc import Callable

from aim_runtime.errors import (
    AccessDenied,
    CacheNotWritable,
    DownloadFailed,
    ModelError,
    ModelNotFound,
    SourceUnreachable,
)
from aim_runtime.models.cache import WRITABLE_HINT
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.transfer.sockets import chain, why
from aim_runtime.models.words import is_cache_fault, redact, why_not_writable

_TOKENS_AT = "https://huggingface.co/settings/tokens"


def sign_in(name: str, endpoint: str) -> AccessDenied:
    """Return the error for a model that needs a token where none is set."""
    page = f"{redact(endpoint)}/{name}"
    return AccessDenied(
        f"{name} needs an access token, and none is set",
        hint=f"accept the model's terms at {page}, make a read token at {_TOKENS_AT}, "
        "and set HF_TOKEN to it (or HF_TOKEN_FILE to a file that holds it)",
    )


def explain(
    error: BaseException, ref: ModelRef, endpoint: str, *, started: bool, user: Callable[[], str] = lambda: ""
) -> ModelError:
    """Return our error for one that huggingface_hub raised; `started`: bytes had begun to flow.

    `user` finds out whose the token is, which is asked for where the name is of use.
    """
    from huggingface_hub.errors import OfflineModeIsEnabled  # loaded already: it raised what is explained

    shown = redact(endpoint)
    for link in chain(error):
        response = getattr(link, "response", None)
        if response is not None:
            return _refused(response, ref, shown, started=started, user=user)
    if isinstance(error, OSError) and is_cache_fault(error):
        where = f" {error.filename}" if error.filename else ""
        if not started:  # so far the library has looked for the token of its own login only
            return AccessDenied(
                f"cannot read{where}: {error.strerror}",
                hint="set HF_HOME to a folder that this user can read, or HF_TOKEN_PATH to such a file",
            )
        return CacheNotWritable(f"cannot write{where}: {why_not_writable(error)}", hint=WRITABLE_HINT)
    if started:
        return DownloadFailed(
            f"the download of {ref} from {shown} broke off: {reason(error)}", hint="fetch again"
        )
    if isinstance(error, OfflineModeIsEnabled):
        return SourceUnreachable(
            f"{shown} is not asked: HF_HUB_OFFLINE is set",
            hint="unset HF_HUB_OFFLINE and TRANSFORMERS_OFFLINE, or put the model into the cache",
        )
    return SourceUnreachable(
        f"{shown} cannot be reached: {reason(error)}", hint="check the network, the proxy and HF_ENDPOINT"
    )


def _refused(
    response: object, ref: ModelRef, endpoint: str, *, started: bool, user: Callable[[], str]
) -> ModelError:
    """Return the error for an HTTP answer of the hub; the three HTTP libraries agree on these attributes."""
    headers = getattr(response, "headers", {})
    sent = getattr(getattr(response, "request", None), "headers", {})
    status: int = getattr(response, "status_code", 0)
    kind = headers.get("X-Error-Code")
    name = user() if status == 403 else ""
    has_token = "authorization" in sent
    return refused(status, kind, ref, endpoint, has_token=has_token, started=started, user=name)


def refused(
    status: int,
    kind: str | None,
    ref: ModelRef,
    endpoint: str,
    *,
    has_token: bool,
    started: bool,
    user: str = "",
) -> ModelError:
    """Return the error for a status of the hub's, `kind` being its X-Error-Code."""
    page = f"{endpoint}/{ref.name}"
    if status == 401 and has_token:
        return AccessDenied(
            f"{endpoint} does not accept the access token",
            hint=f"it may be mistyped, expired or revoked; set HF_TOKEN to a new one from {_TOKENS_AT}",
        )
    if status == 401 and kind != "RepoNotFound":
        return sign_in(ref.name, endpoint)
    if status == 403:
        who = f" as {user}" if user else ""
        return AccessDenied(
            f"the access token is good, but it may not read {ref.name}",
            hint=f"ask for access at {page}{who}; a fine-grained token also needs the right "
            "to read gated ones",
        )
    if kind == "RevisionNotFound":
        return ModelNotFound(
            f"{ref.name} has no revision {ref.revision!r}",
            hint=f"its branches and tags are at {page}/tree/main",
        )
    if status in (401, 404) and not started:
        private = "" if has_token else "; a private one needs HF_TOKEN"
        return ModelNotFound(f"{endpoint} has no model {ref.name}", hint=f"check the spelling{private}")
    message = f"{endpoint} answered with HTTP status {status}"
    return (DownloadFailed if started else SourceUnreachable)(message, hint="try again later")


def reason(error: BaseException) -> str:
    """Return why a connection failed, in a few words."""
    if isinstance(error, ValueError | KeyError | TypeError) and not isinstance(error, OSError):
        known = [link for link in chain(error) if isinstance(link, OSError)]
        if not known:
            return "what answers there is not a model hub"
    return redact(why(error))


def foreign_errors() -> tuple[type[BaseException], ...]:
    """Return what huggingface_hub raises for anything but a bug of ours."""
    from huggingface_hub.errors import HfHubHTTPError

    # The first base is the root error of its HTTP library: requests, httpx or httpx2, by version.
    # The others are what comes of parsing an answer that is not a hub's.
    return (OSError, HfHubHTTPError.__bases__[0], ValueError, KeyError, TypeError)
