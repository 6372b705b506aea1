"""The models room: what went wrong at an S3 store, in the words of the person who has to put it right."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime

from aim_runtime.errors import AccessDenied, ModelError, ModelNotFound, SourceUnreachable
from aim_runtime.models.sources.s3_refusal import Place, Refusal
from aim_runtime.models.transfer.sockets import chain, why
from aim_runtime.models.words import redact

_OWN_OPERATIONS = ("ListObjectsV2", "HeadObject", "GetObject")
_KEYS_HINT = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is given "
    "(a service account, an instance)"
)
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")


def foreign_errors() -> tuple[type[Exception], ...]:
    """Return what botocore raises for anything but a bug of ours."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    # The last for files with tokens and keys.
    return (BotoCoreError, ClientError, ResponseParserError, OSError)


def explain(error: Exception, place: Place) -> ModelError:
    """Return our error for one that botocore raised."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        answer = Refusal.of_error(error)
        if error.operation_name not in _OWN_OPERATIONS:  # it asked for keys
            said = answer.code or f"HTTP status {answer.status}"
            return AccessDenied(
                f"no keys for {place.shown}: {error.operation_name} is refused ({said})",
                hint="check AWS_ROLE_ARN and who may take that role, or set other keys",
            )
        return refused(answer, place)
    if isinstance(error, ResponseParserError):
        return no_store(place.shown)
    if isinstance(error, ConnectionError | HTTPClientError):
        return unreachable(error, place.shown)
    if isinstance(error, OSError):
        if error.filename is None:
            return unreachable(error, place.shown)
        return AccessDenied(f"no keys for {place.shown}: {error.filename}: {error.strerror}", hint=_KEYS_HINT)
    reason = redact(next(iter(str(error).splitlines()), ""))[:200] or type(error).__name__
    # A profile, a process or a service that does not give keys.
    return AccessDenied(f"{place.shown} cannot be asked: {reason}", hint=_KEYS_HINT)


def unreachable(error: Exception, shown: str) -> SourceUnreachable:
    """Return the error for a store that was not reached."""
    for link in chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return SourceUnreachable(
                f"{shown} cannot be trusted: {link.verify_message or 'its certificate is not valid'}",
                hint="set AWS_CA_BUNDLE to a PEM file with the authority that signed its certificate",
            )
    return SourceUnreachable(
        f"{shown} cannot be reached: {why(error)}",
        hint="check the network, the proxy and AWS_ENDPOINT_URL",
    )


def no_store(shown: str) -> SourceUnreachable:
    """Return the error for a server that speaks something else."""
    return SourceUnreachable(
        f"what answers at {shown} is not an S3 store",
        hint="set AWS_ENDPOINT_URL to its S3 port, which is not that of its console",
    )


def silent(shown: str, within_s: float) -> SourceUnreachable:
    """Return the error for a store that was waited for in vain."""
    return SourceUnreachable(
        f"{shown} gave no answer in {within_s:g} s", hint="check the network, the proxy and AWS_ENDPOINT_URL"
    )


def refused(answer: Refusal, place: Place) -> ModelError:
    """Return the error for an answer that is one."""
    if answer.code in ("NoSuchBucket", "InvalidBucketName"):
        return ModelNotFound(
            f"{place.shown} has no bucket {place.bucket}", hint="check its spelling, and AWS_ENDPOINT_URL"
        )
    if answer.code in ("NoSuchKey", "") and answer.status == 404 and place.key:
        return ModelNotFound(f"{place.address} is not there (any more)", hint="check its spelling")
    if answer.code == "RequestTimeTooSkewed":
        return _skewed(answer, place.shown)
    if answer.status in (301, 307) or answer.code in _ELSEWHERE:
        region = answer.region or "another region"
        return SourceUnreachable(
            f"{place.shown} keeps {place.bucket} in {region}, and {place.region} was asked",
            hint=f"set AWS_DEFAULT_REGION to {answer.region or 'the region of the bucket'}",
        )
    if answer.status in (401, 403) or answer.is_over:
        return _denied(answer, place)
    if answer.status in (429, 500, 502, 503, 504):
        said = f" ({answer.code})" if answer.code else ""
        return SourceUnreachable(
            f"{place.shown} answers with HTTP status {answer.status}{said}", hint="try again later"
        )
    if answer.code:
        return SourceUnreachable(
            f"{place.shown} refuses to read {place.address}: {answer.code} (HTTP status {answer.status})",
            hint="check AWS_ENDPOINT_URL and AWS_DEFAULT_REGION",
        )
    return no_store(place.shown)


def _denied(answer: Refusal, place: Place) -> AccessDenied:
    if answer.is_over:
        return AccessDenied(
            f"{place.shown} does not accept the session token: it has expired, or is another session's",
            hint="get new temporary keys, and set AWS_SESSION_TOKEN together with them",
        )
    if answer.code == "InvalidAccessKeyId":
        return AccessDenied(
            f"{place.shown} does not know the key id",
            hint="check AWS_ACCESS_KEY_ID, and AWS_ENDPOINT_URL: each store has keys of its own",
        )
    if answer.code == "SignatureDoesNotMatch":
        return AccessDenied(
            f"{place.shown} does not accept the secret key",
            hint="set AWS_SECRET_ACCESS_KEY to the one that was given out with AWS_ACCESS_KEY_ID",
        )
    if not place.signed:
        return AccessDenied(f"{place.address} is not public, and no keys are set", hint=_KEYS_HINT)
    said = f" ({answer.code})" if answer.code not in ("", "AccessDenied", "Forbidden") else ""
    if place.key:
        return AccessDenied(
            f"the keys are good, but may not read {place.address}{said}",
            hint=f"ask for s3:GetObject on {place.bucket}/*, and kms:Decrypt if it is encrypted with a key",
        )
    return AccessDenied(
        f"the keys are good, but may not list {place.address}{said}",
        hint=f"ask for s3:ListBucket on {place.bucket} and s3:GetObject on {place.bucket}/*",
    )


def _skewed(answer: Refusal, shown: str) -> SourceUnreachable:
    ahead_s = clock_ahead_s(answer.headers.get("date", ""))
    by = f"{_duration(ahead_s)} {'ahead of' if ahead_s > 0 else 'behind'}" if ahead_s else "far from"
    return SourceUnreachable(
        f"this clock is {by} that of {shown}, which refuses what is signed at another time",
        hint="set the clock: sudo timedatectl set-ntp true",
    )


def clock_ahead_s(date: str) -> float | None:
    """Return how many seconds this clock is ahead of a Date header, None where that is none."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return None


def _duration(seconds: float) -> str:
    minutes = round(abs(seconds) / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" * bool(days), f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes)]
    return " ".join(part for part in parts if part) or f"{abs(seconds):.0f} s"
