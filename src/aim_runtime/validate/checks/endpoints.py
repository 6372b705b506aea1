"""Does it answer at all: its models, its first token, and the two endpoints that everything else asks."""

from __future__ import annotations

import time

from aim_runtime.validate.answer import at, content_of, message_of, reasoning_of, shown, text_of
from aim_runtime.validate.asking import CHAT, COMPLETIONS, chat, chat_body, completion, completion_body, room
from aim_runtime.validate.capabilities import Capability
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.client import Reply
from aim_runtime.validate.subject import Answering

_LOOK_EVERY_S = 1.0
_LOOK_WITHIN_S = 30.0
# What asking again does not change. 404 may be a route in front of a service that is not there yet.
_FINAL = (400, 401, 403, 405, 422)
_NO_ENDPOINT = (404, 405, 501)


def api_health(service: Answering) -> Passed:
    """/v1/models answers and names a model; finds out by which name to ask, and the context's length."""
    began = time.monotonic()
    while True:
        try:
            reply = service.client.get("/v1/models", _LOOK_WITHIN_S)
            if reply.status == 200:
                return _served(service, reply, time.monotonic() - began)
            refused = Failed(f"{service.client.url}/v1/models answered {reply.status}: {reply.text}")
        except Failed as failed:
            reply, refused = None, Failed(f"{service.client.url}: {failed.detail}", failed.fix)
        waited = time.monotonic() - began
        if (reply and reply.status in _FINAL) or waited >= service.wait_s:
            raise Failed(refused.detail, _help(reply))
        time.sleep(min(_LOOK_EVERY_S, service.wait_s - waited))


def _help(reply: Reply | None) -> str:
    if reply is None:
        return (
            "start the service, or give its URL, as http://127.0.0.1:8000; --startup-timeout waits for longer"
        )
    if reply.status in (401, 403):
        return "set VLLM_API_KEY, or VLLM_API_KEY_FILE, to its key"
    return "give the engine's port, not the management port, and no path behind it"


def _served(service: Answering, reply: Reply, waited_s: float) -> Passed:
    if service.times.ready_time_seconds is None:
        service.times.ready_time_seconds = round(waited_s, 3)
    models = at(reply.json(), "data")
    if not models:
        raise Failed("/v1/models names no model", "look at the service's log")
    names = tuple(at(models, number, "id") for number in range(len(models)))
    service.served = names
    if service.model and service.model not in names:
        raise Failed(f"the service does not serve {service.model}; it serves {', '.join(names)}")
    first = service.prefers if service.prefers in names else names[0]
    service.model = service.model or first
    told = models[names.index(service.model)].get("max_model_len")
    service.context_length = service.config.context_length or (told if isinstance(told, int) else None)
    health = service.client.get("/health", _LOOK_WITHIN_S)
    warnings = (
        ()
        if health.status == 200
        else (f"/health answered {health.status}: a cluster cannot ask whether it lives",)
    )
    context = f", {service.context_length} tokens of context" if service.context_length else ""
    return Passed(f"serves {service.model}{context}", warnings)


def warmup(service: Answering) -> Passed:
    """The first token comes within max_warmup_time; what compiles at the first request is seen here."""
    limit_s, threshold_s = service.config.max_warmup_time, service.config.jit_latency_threshold_s
    times, began, path = service.times, time.monotonic(), COMPLETIONS
    times.warmup_attempts, times.warmup_succeeded = 0, False
    failed: Failed | None = None
    while True:
        left_s = limit_s - (time.monotonic() - began)
        if failed is not None and left_s <= 0:
            raise failed
        times.warmup_attempts += 1
        body = completion_body if path == COMPLETIONS else chat_body
        try:
            reply = service.client.post(
                path,
                body(service, "Hello", max_tokens=1),
                max(min(left_s, service.client.timeout_s), _LOOK_EVERY_S),
            )
        except Failed as unanswered:
            failed, reply = unanswered, None
        times.warmup_time_seconds = round(time.monotonic() - began, 3)
        if reply is not None and reply.status == 200:
            break
        if reply is not None:
            failed = Failed(
                f"{reply.asked} for one token answered {reply.status}: {reply.text}",
                "look at the service's log",
            )
            if reply.status in _NO_ENDPOINT and path == COMPLETIONS:
                path = CHAT  # it may have that one alone
                continue
            if reply.status in (*_FINAL, *_NO_ENDPOINT):
                raise failed
        time.sleep(_LOOK_EVERY_S)
    times.warmup_succeeded = True
    took_s = times.warmup_time_seconds
    times.jit_suspected = took_s > threshold_s
    attempts = "" if times.warmup_attempts == 1 else f", {times.warmup_attempts} attempts"
    warnings = (
        (f"the first token took {took_s:.0f} s: the engine seems to compile at its first request",)
        if times.jit_suspected
        else ()
    )
    return Passed(f"one token after {took_s:.1f} s{attempts}", warnings, took_s)


def completions_endpoint(service: Answering) -> Passed:
    """/v1/completions writes on."""
    text = text_of(completion(service, "The capital of Japan is", max_tokens=8))
    warnings = () if text.strip() else ("it wrote nothing",)
    return Passed(f"wrote {shown(text)}", warnings)


def chat_completions_endpoint(service: Answering) -> Passed:
    """/v1/chat/completions answers; where it reasons, the answer may be all reasoning."""
    reasons = service.has(Capability.REASONING)
    answer = chat(service, "What is the capital of Japan?", max_tokens=room(service, 24))
    text, thought = content_of(answer), reasoning_of(message_of(answer))
    if not text.strip() and not (reasons and thought.strip()):
        hint = "its text may be in a field that no reasoning is declared for: declare it with --config"
        raise Failed("the answer has no text", hint if thought else "look at the model's chat template")
    return Passed(f"answered {shown(text or thought)}")
