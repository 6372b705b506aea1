"""Where the weights come from: reachable, and the credentials good. Waits a few seconds at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from aim_runtime.doctor.finding import Finding, Severity, error, note, ok, warning
from aim_runtime.doctor.patient import Patient
from aim_runtime.doctor.s3 import Answer, ask, skew_s
from aim_runtime.doctor.storage import room
from aim_runtime.errors import ModelError, SourceUnreachable
from aim_runtime.models.ref import ModelRef, Scheme
from aim_runtime.models.sources.huggingface import HubSource
from aim_runtime.models.sources.s3 import S3Source
from aim_runtime.models.sources.s3_settings import KEYS, endpoint_of, shown_endpoint
from aim_runtime.models.words import redact, size

_WITHIN_S = 5.0
_SKEW_WARNS_S = 60
# S3 refuses a signature that is 15 minutes off.
_SKEW_STOPS_S = 15 * 60
_SILENT = "s3.unreachable"
Make = Callable[..., Finding]


class _Asks(Protocol):
    """A source that tells what there is to fetch."""

    def check(self, ref: ModelRef) -> int: ...


def hub(patient: Patient) -> Iterator[Finding]:
    """The hub that the model's first source is at, asked as a download would ask."""
    ref = _wanted(patient, Scheme.HF)
    if ref is not None:
        endpoint = patient.settings.hub_endpoint
        yield from _asked(patient, ref, HubSource(endpoint, _WITHIN_S), redact(endpoint))


def _asked(patient: Patient, ref: ModelRef, source: _Asks, shown: str) -> Iterator[Finding]:
    try:
        bytes_ = source.check(ref)
    except SourceUnreachable as reason:
        others = [str(each) for each in _sources(patient)[1:]]
        make = warning if others else error
        instead = f"{others[0]} is taken instead" if others else "the weights are nowhere else"
        yield make(reason.code, reason.message, instead, reason.hint)
    except ModelError as reason:
        yield error(reason.code, reason.message, "the weights cannot be fetched", reason.hint)
    else:
        yield ok("model.reachable", f"{ref} at {shown}: {size(bytes_)} to fetch")
        yield from _room(patient, ref, bytes_)


def _room(patient: Patient, ref: ModelRef, bytes_: int) -> Iterator[Finding]:
    """Room for what the hub says, where the catalogue did not say how much it is."""
    location = patient.plan.location if patient.plan else None
    if location is None or location.size_bytes is not None:
        return
    yield from room(patient.settings.cache_path, str(ref), bytes_)


def store(patient: Patient) -> Iterator[Finding]:
    """An S3 store, where the weights come from one or the environment names one: its keys and its clock.

    What it answers stops `serve` where it has the weights, and is a warning elsewhere.
    """
    ref = _wanted(patient, Scheme.S3)
    met = tuple(_met(patient, wanted=ref is not None))
    yield from met
    silent = any(finding.severity is Severity.ERROR or finding.code == _SILENT for finding in met)
    if ref is not None and not silent:
        source = S3Source(patient.environment, _WITHIN_S)
        yield from _asked(patient, ref, source, shown_endpoint(patient.environment))


def _met(patient: Patient, *, wanted: bool) -> Iterator[Finding]:
    """The store itself, whatever is in it; Amazon's own is known to be there."""
    environment, make = patient.environment, error if wanted else warning
    present = [name for name in KEYS if environment.get(name)]
    if len(present) == 1:
        (missing,) = set(KEYS) - set(present)
        yield make(
            "s3.keys",
            f"{present[0]} is set, and {missing} is not",
            "a key is of no use without the other",
            f"export {missing}=…   # or {missing}_FILE=FILE",
        )
    endpoint = endpoint_of(environment)
    if endpoint is None:
        return
    shown = redact(endpoint)
    answer = ask(endpoint, environment, _WITHIN_S)
    if answer.problem:
        others = [str(each) for each in _sources(patient)[1:]] if wanted else []
        yield (warning if others else make)(
            _SILENT,
            f"{shown} cannot be reached: {answer.problem}",
            f"{others[0]} is taken instead"
            if others
            else "AWS_ENDPOINT_URL names it as the store of weights",
            "export AWS_ENDPOINT_URL=https://HOST:PORT   # check the host, the port and the proxy",
        )
        return
    yield from _clock(answer, shown, make)
    signed = len(present) == len(KEYS)
    if signed or not wanted:  # without these, a profile or a role may give keys: the bucket will tell
        yield from _credentials(answer, shown, make, signed=signed)


def _clock(answer: Answer, shown: str, make: Make) -> Iterator[Finding]:
    skew = skew_s(answer)
    if skew is None:
        return
    seen = f"this clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} that of {shown}"
    fix = (
        "sudo timedatectl set-ntp true   # on the host",
        "sudo chronyc makestep   # where chrony keeps the time",
    )
    why = "S3 refuses requests whose time is 15 minutes off, and so do certificates"
    if abs(skew) >= _SKEW_WARNS_S:
        yield (make if abs(skew) >= _SKEW_STOPS_S else warning)("s3.clock", seen, why, *fix)
    else:
        yield ok("s3.clock", f"this clock agrees with that of {shown}")


def _credentials(answer: Answer, shown: str, make: Make, *, signed: bool) -> Iterator[Finding]:
    if not signed:
        yield note("s3.anonymous", f"{shown} answers; no keys are set, so only what is public can be read")
    elif answer.status == 200 or answer.code == "AccessDenied":
        # A key that may read one bucket need not be allowed to list them all.
        yield ok("s3.credentials", f"{shown} accepts the keys")
    elif answer.code == "RequestTimeTooSkewed":
        yield note("s3.credentials", f"{shown} looks at no keys before this clock is right")
    elif answer.status in (401, 403) or answer.code == "AuthorizationHeaderMalformed":
        # A bucket is followed to its region, so another one stops nothing.
        yield (make if answer.code != "AuthorizationHeaderMalformed" else warning)(
            "s3.credentials",
            f"{shown} refuses the keys: {answer.code or f'HTTP status {answer.status}'}",
            "nothing can be read from it with them",
            "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…   # the pair as it was given out",
            "export AWS_DEFAULT_REGION=…   # the store's own, where it has several",
        )
    else:
        yield note(
            "s3.answer", f"{shown} answers with HTTP status {answer.status}: not a store that is known"
        )


def _wanted(patient: Patient, scheme: Scheme) -> ModelRef | None:
    """The first source of the weights where it is of this kind, and they are not in the cache yet."""
    if patient.plan is not None and patient.plan.location.present:
        return None
    return next(iter(ref for ref in _sources(patient)[:1] if ref.scheme is scheme), None)


def _sources(patient: Patient) -> tuple[ModelRef, ...]:
    if patient.plan is not None:
        return patient.plan.location.sources
    return (patient.settings.model_ref,) if patient.settings.model_ref else ()
