"""Answers in the shape that clients of OpenAI's API rely on; an unknown model is refused in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aim_runtime.validate import shape
from aim_runtime.validate.asking import CHAT, COMPLETIONS, chat_body, completion_body
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.subject import Answering

_TOKENS = 4
_NOBODY = "aim-runtime-validate/no-such-model"
_SHOWN = 5


def response_shape(service: Answering) -> Passed:
    """Every field of a chat answer, a completion, the list of models and an error, and the sums of tokens."""
    client = service.client
    asked: list[tuple[str, shape.Kind, Any]] = []
    for path, kind, body in (
        (CHAT, shape.CHAT, chat_body(service, "Say hello.", max_tokens=_TOKENS)),
        (COMPLETIONS, shape.COMPLETION, completion_body(service, "Hello", max_tokens=_TOKENS)),
    ):
        reply = client.post(path, body)
        asked.append((path, kind, reply.good()))
        _is_json(reply.content_type, path)
    asked.append(("/v1/models", shape.MODELS, client.get("/v1/models").good()))
    wrong = client.post(CHAT, {**chat_body(service, "x"), "messages": "not a list"})
    if not 400 <= wrong.status < 500:
        raise Failed(f"messages that are no list were answered with {wrong.status}, not a status from 400 on")
    asked.append(("an error", shape.ERROR, wrong.json()))
    found = [fault for name, kind, answer in asked for fault in _faults(name, kind, answer)]
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise Failed(
            "; ".join(found[:_SHOWN]) + more,
            "clients with types will stumble over it: compare with OpenAI's API reference",
        )
    return Passed("chat, completion, models and error are as OpenAI's API has them")


def unknown_model(service: Answering) -> Passed:
    """A name that it does not have is refused with 404, so that nobody is answered by another model."""
    for path, body in (
        (CHAT, chat_body(service, "Hello", model=_NOBODY)),
        (COMPLETIONS, completion_body(service, "Hello", model=_NOBODY)),
    ):
        reply = service.client.post(path, body)
        if reply.status != 404:
            raise Failed(
                f"{reply.asked} for the model {_NOBODY} answered {reply.status}, not 404: {reply.text}",
                "a client that misspells a name is answered by another model: have the service refuse it",
            )
        wrong = list(shape.faults(reply.json(), shape.ERROR, "the refusal"))
        if wrong:
            raise Failed("; ".join(wrong), "answer with OpenAI's error object")
    return Passed("refused with 404")


def _is_json(content_type: str, path: str) -> None:
    if content_type.partition(";")[0].strip().casefold() != "application/json":
        raise Failed(f"{path} answers JSON and calls it {content_type or 'nothing'}")


def _faults(name: str, kind: shape.Kind, answer: Any) -> Iterator[str]:
    found = list(shape.faults(answer, kind, name))
    yield from found
    if not found and "usage" in kind:
        yield from shape.sums(answer["usage"], f"{name}.usage")
        written = answer["usage"]["completion_tokens"]
        if not 1 <= written <= _TOKENS:
            yield f"{name}.usage.completion_tokens is {written} for max_tokens {_TOKENS}"
