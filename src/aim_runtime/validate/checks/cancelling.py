"""A client that goes frees what was computed for it, so that others are served with it."""

from __future__ import annotations

import time
from typing import Any

from aim_runtime.engines.load import Load
from aim_runtime.engines.vllm_metrics import read
from aim_runtime.validate.asking import COMPLETIONS, completion_body
from aim_runtime.validate.check import Failed, Passed, Skipped
from aim_runtime.validate.stream import events
from aim_runtime.validate.subject import Answering

_LOOK_EVERY_S = 0.1
_MOST_S = 10.0
_SETTLED_WITHIN_S = 2.0
_PIECES = 4
# What an answer must still have taken when it was left, for its end to say that it was cancelled.
_LEAST_S = 1.0
_CONTEXT = 4096


def cancellation(service: Answering) -> Passed:
    """A stream is left after a few pieces; /metrics must say soon that one request less runs.

    No clock decides: the rest of the answer would take at least twice as long as is waited.
    """
    before = _settled(service)
    if before is None:
        raise Skipped("the service has no metrics of vLLM's, which tell what runs")
    tokens = (service.context_length or _CONTEXT) - 64
    with service.client.open(COMPLETIONS, _long(service, tokens)) as (head, lines):
        if head.status != 200:
            raise Failed(f"{head.asked} for {tokens} tokens answered {head.status}: {head.text}")
        came = events(lines)
        next(came, None)
        began = time.monotonic()
        seen = sum(1 for _ in zip(range(_PIECES), came, strict=False))
        took_s = time.monotonic() - began
        during = _load(service)
        left = time.monotonic()
    rest_s = (tokens - _PIECES) * took_s / max(seen, 1)
    within_s = min(_MOST_S, rest_s / 2)
    if seen < _PIECES or during is None or during.running <= before.running or within_s < _LEAST_S:
        raise Skipped("the answer was over too soon to be left in the middle")
    while True:
        now = _load(service)
        waited = time.monotonic() - left
        if now is not None and now.running + now.waiting <= before.running + before.waiting:
            return Passed(f"freed {waited:.1f} s after the client went", value=round(waited, 3))
        if waited > within_s:
            running = now.running if now else "nothing known of what"
            raise Failed(
                f"{waited:.0f} s after its client went, the answer is still written ({running} running, "
                f"{before.running} before)",
                "what is before the engine keeps the connection open, or the engine does not look: "
                "abandoned answers take the place of others",
            )
        time.sleep(_LOOK_EVERY_S)


def _settled(service: Answering) -> Load | None:
    """The load before: what the checks before left behind is given a moment to end."""
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    while True:
        found = _load(service)
        if found is None or not found.running + found.waiting or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_EVERY_S)


def _long(service: Answering, tokens: int) -> dict[str, Any]:
    return completion_body(service, "Once upon a time", max_tokens=tokens, ignore_eos=True)


def _load(service: Answering) -> Load | None:
    reply = service.client.get("/metrics")
    return read(reply.body.decode("utf-8", "replace")) if reply.status == 200 else None
