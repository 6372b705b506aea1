"""The models room: what went wrong at a cloud store, in the words of the person who has to put it right."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aim_runtime.errors import AccessDenied, ModelError, ModelNotFound, SourceUnreachable, VerificationFailed
from aim_runtime.models.ref import Scheme
from aim_runtime.models.transfer.remote import Again, Changed, RemoteFile
from aim_runtime.models.words import redact

# obstore tells kinds of errors apart by their text alone, and an address in it may carry a signature: so
# its text is never shown, only what is found in it.
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]\w*)</Code>")
_NO_BUCKET = re.compile(
    r"NoSuchBucket|ContainerNotFound|InvalidBucketName|InvalidResourceName|no bucket named"
)
_ODD_KEY = re.compile(r"[Pp]ath \"([^\"]*)\"")
_REASONS = (
    ("dns error", "its name cannot be resolved"),
    ("ConnectionRefused", "connection refused"),
    ("ertificate", "the secure connection failed: its certificate is not trusted"),
    ("TimedOut", "no answer in time"),
    ("Timeout", "no answer in time"),
    ("NetworkUnreachable", "the network is unreachable"),
)
_CREDENTIALS = {
    Scheme.GS: (
        "set GOOGLE_APPLICATION_CREDENTIALS to the JSON file of an account with the role Storage Object "
        "Viewer, or GOOGLE_SKIP_SIGNATURE=true for a public bucket"
    ),
    Scheme.AZ: (
        "set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and "
        "AZURE_TENANT_ID of an identity with the role Storage Blob Data Reader; or AZURE_SKIP_SIGNATURE=true "
        "for a public container"
    ),
}
_SETTINGS = {
    Scheme.GS: "GOOGLE_APPLICATION_CREDENTIALS and GOOGLE_BASE_URL",
    Scheme.AZ: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ENDPOINT",
}


@dataclass(frozen=True)
class Place:
    """A bucket, or a container, of the store that `where` names."""

    scheme: Scheme
    bucket: str
    where: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}"

    @property
    def kind(self) -> str:
        return "bucket" if self.scheme is Scheme.GS else "container"


def foreign_errors() -> tuple[type[BaseException], ...]:
    """Return what obstore raises for anything but a bug of ours."""
    from obstore.exceptions import BaseError

    return (BaseError, FileNotFoundError, OSError, ValueError)


def explain(error: BaseException, place: Place) -> ModelError:
    """Return our error for one of obstore's, before bytes flow."""
    text, where = str(error), redact(place.where)
    status = _status(text)
    if isinstance(error, OSError) and error.filename:
        return AccessDenied(
            f"{error.filename} cannot be read: {error.strerror}", hint="correct SSL_CERT_FILE"
        )
    if type(error).__name__ == "InvalidPathError":
        key = _ODD_KEY.search(text)
        return VerificationFailed(
            f"{place} has an object that no folder can hold" + (f": {key[1]!r}" if key else ""),
            hint="remove it, or name a folder that does not have it",
        )
    if "MissingAccount" in text:
        return AccessDenied(
            f"{place}: no Azure account is named",
            hint="set AZURE_STORAGE_ACCOUNT_NAME, and a key or a token for it",
        )
    if status is None and ("redential" in text or "Invalid Access Key" in text or "service account" in text):
        why = "they are not of the form that is expected"
        if "No such file" in text:
            why = "there is no such file"
        return AccessDenied(
            f"the credentials for {where} cannot be used: {why}",
            hint=f"correct them: {_CREDENTIALS[place.scheme]}",
        )
    if "TokenRequest" in text:
        return AccessDenied(
            f"{place} needs credentials for {where}, and none are set that can be used",
            hint=_CREDENTIALS[place.scheme],
        )
    if status == 404 or _NO_BUCKET.search(text):
        return ModelNotFound(
            f"{where} has no {place.kind} {place.bucket}",
            hint=f"check the spelling, and {_SETTINGS[place.scheme]}",
        )
    if status in (400, 401, 403):
        code = _CODE.search(text)
        said = f"HTTP status {status}" + (f", {code[1]}" if code else "")
        return AccessDenied(
            f"{where} does not let this user read {place} ({said})",
            hint=f"{_CREDENTIALS[place.scheme]}; a clock that is wrong by minutes has the same effect",
        )
    if status is not None:
        return SourceUnreachable(f"{where} answered with HTTP status {status}", hint="try again later")
    return unreachable(place, reason(text))


def unreachable(place: Place, why: str) -> SourceUnreachable:
    """Return the error for a store that gives no answer."""
    trust = "; SSL_CERT_FILE names the authority of its certificate" if "certificate" in why else ""
    return SourceUnreachable(
        f"{redact(place.where)} cannot be reached: {why}",
        hint=f"check the network, the proxy, {_SETTINGS[place.scheme]}{trust}",
    )


def broken(error: BaseException, file: RemoteFile, place: Place) -> Exception:
    """Return what to raise when reading `file` failed: another try, or what ends the fetch."""
    text = str(error)
    status = _status(text)
    if type(error).__name__ == "PreconditionError" or status in (404, 412, 416):
        return Changed(file.name)
    if status in (401, 403):
        return explain(error, place)
    return Again(f"HTTP status {status}" if status else reason(text))


def reason(text: str) -> str:
    """Return why a connection failed, in a few words."""
    found = next((words for mark, words in _REASONS if mark in text), None)
    return found or "the connection broke off"


def _status(text: str) -> int | None:
    match = _STATUS.search(text)
    return int(match[1]) if match else None
