"""The models room: what went wrong at a web server, in the words of the person who has to put it right."""

from __future__ import annotations

from aim_runtime.errors import AccessDenied, DownloadFailed, ModelError, ModelNotFound, SourceUnreachable
from aim_runtime.models.ref import public
from aim_runtime.models.transfer.ask import Answer
from aim_runtime.models.transfer.sockets import why


def unreachable(url: str, reason: str) -> SourceUnreachable:
    """Return the error for a server that gives no answer."""
    trust = "; SSL_CERT_FILE names the authority of its certificate" if "secure connection" in reason else ""
    return SourceUnreachable(
        f"{public(url)} cannot be reached: {reason}",
        hint=f"check the network, the proxy and the spelling{trust}",
    )


def no_connection(url: str, error: BaseException) -> SourceUnreachable:
    return unreachable(url, why(error))


def refused(url: str, status: int, *, signed_in: bool) -> ModelError:
    """Return the error for an HTTP status that is not a file."""
    shown = public(url)
    if status == 401 and not signed_in:
        return AccessDenied(
            f"{shown} needs a user name and a password",
            hint="write https://USER:PASSWORD@HOST/…, or put them into ~/.netrc (NETRC names another file)",
        )
    if status in (401, 407):
        return AccessDenied(
            f"{shown} does not accept the user name and the password",
            hint="correct them in the URL or in ~/.netrc",
        )
    if status == 403:
        return AccessDenied(
            f"{shown} may not be read (HTTP status 403)",
            hint="ask whoever runs the server; an address with a signature in it is good for a while only",
        )
    if status in (404, 410):
        return ModelNotFound(f"there is nothing at {shown}", hint="check the spelling; paths tell case apart")
    return SourceUnreachable(f"{shown} answered with HTTP status {status}", hint="try again later")


def check(url: str, answer: Answer, *, signed_in: bool, pinned: bool) -> None:
    """Raise for an answer that does not stand for a file; `pinned`: a digest will tell what it is."""
    shown = public(url)
    if answer.loops:
        raise DownloadFailed(
            f"{shown} redirects in a circle, at last to {public(answer.url)}", hint="check the address"
        )
    empty = answer.status == 416 and answer.size_bytes == 0
    if answer.status not in (200, 206) and not empty:
        raise refused(url, answer.status, signed_in=signed_in)
    if answer.headers.get("content-type", "").lower().startswith("text/html"):
        raise ModelNotFound(
            f"{shown} is a web page, not a file of a model",
            hint="copy the address of the download itself; who is not signed in gets a page, too",
        )
    if answer.url.startswith("http://") and url.startswith("https://") and not pinned:
        raise AccessDenied(
            f"{shown} is redirected to http://: anybody on the way could change what arrives",
            hint="add #sha256=HEX, the digest of the file, to the address",
        )
    if answer.size_bytes is None:
        raise DownloadFailed(
            f"{shown} does not say how long it is, so that nobody could tell when it is whole",
            hint="put the file on a server that sends Content-Length",
        )
