"""The models room: what went wrong at a registry, in the words of the person who has to put it right."""

from __future__ import annotations

import difflib
import re
import ssl
from collections.abc import Sequence

from aim_runtime.errors import AccessDenied, ModelNotFound, SourceUnreachable, VerificationFailed
from aim_runtime.models.sources.oci_repository import Repository
from aim_runtime.models.transfer.sockets import chain, why

_MOST_TAGS = 10
_NOT_TLS = re.compile(r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|PACKET_LENGTH_TOO_LONG|UNEXPECTED_EOF")


def speaks_no_tls(error: BaseException) -> bool:
    """Return whether a connection failed because what answers speaks plain HTTP."""
    for link in chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return False
        if isinstance(link, ssl.SSLError):
            return _NOT_TLS.search(str(link)) is not None
    return False


def unreachable(repository: Repository, error: BaseException) -> SourceUnreachable:
    """Return the error for a registry that no answer comes from."""
    host = repository.host
    if speaks_no_tls(error):
        return SourceUnreachable(
            f"{host} speaks http without TLS, which is for localhost, 127.0.0.0/8 and [::1] only",
            hint="put TLS in front of the registry, or bring it to a port of this machine "
            "(kubectl port-forward, ssh -L)",
        )
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain(error)):
        return SourceUnreachable(
            f"the certificate of {host} is not trusted here: {why(error)}",
            hint="set SSL_CERT_FILE to a file with the certificate of the authority that signed it",
        )
    return SourceUnreachable(
        f"{host} cannot be reached: {why(error)}",
        hint="check the name of the registry, the network and the proxy (HTTPS_PROXY, NO_PROXY)",
    )


def no_answer(repository: Repository, seconds: float) -> SourceUnreachable:
    return SourceUnreachable(
        f"{repository.host} gave no answer in {seconds:g} s",
        hint="check the name of the registry, the network and the proxy (HTTPS_PROXY, NO_PROXY)",
    )


def odd_answer(repository: Repository, what: str) -> SourceUnreachable:
    """Return the error for an answer that no registry gives."""
    return SourceUnreachable(
        f"{repository.host} answered {what}", hint="check that this is a registry; if it is, try again later"
    )


def login_required(repository: Repository, trouble: Sequence[str] = ()) -> AccessDenied:
    """Return the error where no credentials are known, and without them nothing is shown."""
    also = f"; {'; '.join(trouble)}" if trouble else ""
    return AccessDenied(
        f"{repository} needs a login, or is not there: no credentials for {repository.registry} are "
        f"saved{also}",
        hint=f"docker login {repository.registry} (or skopeo login), and check the spelling; the file that "
        "it writes is looked for by DOCKER_CONFIG or REGISTRY_AUTH_FILE",
    )


def bad_credentials(repository: Repository, saved_in: str) -> AccessDenied:
    return AccessDenied(
        f"{repository.registry} does not accept the credentials in {saved_in}",
        hint=f"docker login {repository.registry} again: the password may be mistyped, expired or revoked",
    )


def not_allowed(repository: Repository, saved_in: str) -> AccessDenied:
    return AccessDenied(
        f"the credentials in {saved_in} may not read {repository}",
        hint="check the spelling, and ask the owner of the repository for the right to pull from it",
    )


def no_repository(repository: Repository) -> ModelNotFound:
    return ModelNotFound(
        f"{repository.registry} has no repository {repository.name}", hint="check the spelling"
    )


def no_manifest(repository: Repository, reference: str, tags: Sequence[str]) -> ModelNotFound:
    """Return the error for a tag or a digest that is not there, with the tags that are, nearest first."""
    kind = "digest" if reference.startswith("sha256:") else "tag"
    near = difflib.get_close_matches(reference, tags, n=_MOST_TAGS, cutoff=0.5)
    ordered = [*near, *sorted(set(tags) - set(near))]
    more = f" and {len(ordered) - _MOST_TAGS} more" if len(ordered) > _MOST_TAGS else ""
    hint = f"it has {', '.join(ordered[:_MOST_TAGS])}{more}" if ordered else "it has no tags at all"
    return ModelNotFound(f"{repository} has no {kind} {reference}", hint=hint)


def another(repository: Repository, what: str, expected: str, got: str) -> VerificationFailed:
    """Return the error for content that is not what was named."""
    return VerificationFailed(
        f"{repository}: {what} is not what was named: {expected} expected, {got} got",
        hint="the registry or a proxy in between delivers something else; do not use it",
    )
