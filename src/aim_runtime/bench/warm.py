"""Ask a service for a few answers before it is measured: what it compiles or loads late is done by then."""

from __future__ import annotations

import json
import random
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from urllib.error import HTTPError

from aim_runtime.bench.generators.failures import kind_of
from aim_runtime.bench.workload import Point
from aim_runtime.service.target import Service

# At once, for batches to be seen too; more would take as long as what is measured.
_MOST_REQUESTS = 8
_MOST_TOKENS = 16
# One token each in nearly every vocabulary. A random order, so that no prefix is known already.
_WORDS = ("time", "year", "people", "way", "day", "man", "thing", "life", "world", "school", "state", "group")
# A prompt is a little shorter than what is measured: not every word is one token.
_SHARE = 0.9


def warm(service: Service, point: Point, key: str | None, within_s: float) -> tuple[str, str] | None:
    """Ask for a few answers of the point's kind at the same time.

    Return None where one was given, else the kind of the failure and what was said.
    """
    count = min(point.concurrency or _MOST_REQUESTS, point.requests, _MOST_REQUESTS)
    pool = ThreadPoolExecutor(count)
    try:
        failed = list(pool.map(lambda _: _ask(service, point, key, within_s), range(count)))
    finally:
        pool.shutdown(wait=False)  # who interrupts this does not wait for answers
    return None if None in failed else failed[0]


def _ask(service: Service, point: Point, key: str | None, within_s: float) -> tuple[str, str] | None:
    words = random.choices(_WORDS, k=max(1, int(point.input_tokens * _SHARE)))
    body = {
        "model": service.model,
        "prompt": " ".join(words),
        "max_tokens": min(point.output_tokens, _MOST_TOKENS),
        "ignore_eos": True,
        "temperature": 0,
    }
    request = urllib.request.Request(
        f"{service.api}/completions",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=within_s) as answer:
            answer.read()
    except HTTPError as error:
        return f"http_{error.code}", _said(error)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        return kind_of(f"{type(reason).__name__}: {reason}"), str(reason)
    return None


def _said(error: HTTPError) -> str:
    """What the service says of it, in the shape of the OpenAI API or another."""
    text = error.read(10_000).decode(errors="replace")
    try:
        read = json.loads(text)
        return str((read.get("error") or read)["message"])[:300]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{error.code} {error.reason}"
