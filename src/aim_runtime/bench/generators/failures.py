"""What went wrong with requests, as the kinds that a result counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus

from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point

NOT_MEASURED = "not_measured"
SHORT = "short_answer"
MISSING = "missing"
# Kind to what to do about it; `http_` is any of the statuses.
FIXES = {
    "http_": "the service refused it; its log says why",
    "refused": "the service does not run (any more): look at its log, start it again",
    "broken_off": "the service ended the connection: look at its log",
    "timeout": "the service did not answer in time: fewer clients, or a longer --timeout-seconds",
    SHORT: "the service ended answers early: it does not know ignore_eos, or its context is too short",
    MISSING: "the load generator has no result for them",
    NOT_MEASURED: "the load generator failed: try the other one with --generator",
    "other": "look at the service's log",
}
_STATUS = re.compile(r"\b([45]\d\d)\b")
_PHRASES = {status.phrase.casefold(): status.value for status in HTTPStatus if status >= 400}
# What aiohttp, httpx and the standard library raise, and reqwest's words; the most telling first.
_NAMES = (
    (re.compile(r"Timeout|timed out"), "timeout"),
    (re.compile(r"Connect(ion)?RefusedError|ClientConnector|ConnectError|Connection refused"), "refused"),
    (
        re.compile(
            r"Disconnect|PayloadError|RemoteProtocol|ReadError|ClientOSError|Reset|RemoteDisconnected"
            r"|IncompleteRead|BrokenPipe|connection closed before"
        ),
        "broken_off",
    ),
)


def kind_of(error: str) -> str:
    """The kind of what a generator says of a request that failed."""
    phrase = _PHRASES.get(error.strip().casefold())
    if phrase:
        return f"http_{phrase}"
    for pattern, kind in _NAMES:
        if pattern.search(error):
            return kind
    found = _STATUS.search(error)
    return f"http_{found[1]}" if found else "other"


def fix_of(kind: str) -> str:
    """What to do about failures of a kind."""
    return FIXES["http_" if kind.startswith("http_") else kind]


def unmeasured(point: Point, kind: str, reason: str) -> Measured:
    """A point of which nothing could be measured."""
    return Measured(point, 0.0, (), {kind: point.requests}, {kind: reason})


class Failures:
    """The failures of one point as they are met."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}

    def add(self, error: str) -> None:
        kind = kind_of(error)
        # Of a traceback, the line that says what happened.
        self._count(kind, error.strip().splitlines()[-1][:300] if error.strip() else kind)

    def short(self, written: int) -> bool:
        """Count an answer that has fewer tokens than were asked for; say whether it has."""
        if written >= self._point.output_tokens:
            return False
        self._count(SHORT, f"{written} tokens instead of {self._point.output_tokens}")
        return True

    def measured(self, samples: Sequence[Sample], times: Sequence[tuple[float, float]]) -> Measured:
        """The point; `times` are the begin and the end of each sample on the generator's clock."""
        missing = self._point.requests - len(samples) - self._counts.total()
        if missing > 0:
            self._counts[MISSING] += missing
            self._reasons[MISSING] = f"of {self._point.requests} requests {missing} are not in its report"
        seconds = max(end for _, end in times) - min(begin for begin, _ in times) if times else 0.0
        counts = dict(sorted(self._counts.items()))
        return Measured(self._point, seconds, tuple(samples), counts, self._reasons)

    def _count(self, kind: str, reason: str) -> None:
        self._counts[kind] += 1
        self._reasons.setdefault(kind, reason)
