"""The paths of the management port, and what each answers to GET."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from aim_runtime.serving import health
from aim_runtime.serving.health import Verdict
from aim_runtime.serving.life import View
from aim_runtime.serving.management import exposition, page
from aim_runtime.serving.management.about import About
from aim_runtime.serving.management.answer import Answer, as_json, refusal
from aim_runtime.serving.management.metadata import metadata, release
from aim_runtime.serving.management.metrics import metrics
from aim_runtime.serving.management.status import status

Query = Mapping[str, str]
Path = Callable[[About, Query], Answer]

TRY = "/try"
_MOST_LINES = 1000


def _probe(name: str, judge: Callable[[View, float], Verdict], about: About, _query: Query) -> Answer:
    view = about.life.view()
    verdict = judge(view, about.stall_s)
    found = {name: verdict.ok, "phase": str(view.phase), "reason": verdict.reason or None}
    return as_json(found, 200 if verdict.ok else 503)


def _status(about: About, query: Query) -> Answer:
    found = status(about.life.view(), about.stall_s)
    if "lines" in query:
        count = query["lines"]
        if not (count.isascii() and count.isdigit() and 0 < int(count[:9]) <= _MOST_LINES):
            return refusal(400, f"lines={count}: a number from 1 to {_MOST_LINES} is asked for")
        found["lines"] = about.life.last_lines()[-int(count) :]
    return as_json(found)


def _metadata(about: About, _query: Query) -> Answer:
    return as_json(metadata(about.life.view()))


def _version(about: About, _query: Query) -> Answer:
    return as_json(release(about.life.view()))


def _metrics(about: About, _query: Query) -> Answer:
    found = metrics(about.life.view(), about.stall_s)
    return Answer(200, exposition.exposition(found), exposition.KIND)


def _file(name: str, _about: About, _query: Query) -> Answer:
    return page.file(name)


_LIVE, _READY = partial(_probe, "live", health.live), partial(_probe, "ready", health.ready)
# The spellings are those of Kubernetes, NIM and KServe: whoever asks already, is answered.
PATHS: dict[str, Path] = {
    "/": partial(_file, "page.html"),
    **{f"/{name}": partial(_file, name) for name in page.FILES if name != "page.html"},
    **dict.fromkeys(("/health/live", "/livez", "/healthz", "/v1/health/live", "/v2/health/live"), _LIVE),
    **dict.fromkeys(("/health/ready", "/readyz", "/v1/health/ready", "/v2/health/ready"), _READY),
    "/status": _status,
    "/metrics": _metrics,
    "/v1/metrics": _metrics,
    "/v1/metadata": _metadata,
    "/v1/version": _version,
}
