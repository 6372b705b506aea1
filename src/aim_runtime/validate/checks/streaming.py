"""A stream is the same answer in pieces: at temperature 0 its text, its end and its count of tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aim_runtime.validate import shape
from aim_runtime.validate.answer import at, content_of, message_of, reasoning_of, shown, text_of
from aim_runtime.validate.asking import chat, chat_stream, completion, completion_stream
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.stream import Streamed
from aim_runtime.validate.subject import Answering

_TOKENS = 24
# A GPU's sums depend on what else is computed: greedy answers may differ from one time to the next.
_TIMES = 3
_FIX = (
    "clients that stream get another answer than those that do not: look at the service and what is before it"
)


@dataclass(frozen=True)
class _Same:
    """What a whole answer and a stream have in common."""

    text: str
    reasoning: str
    finish_reason: str | None
    usage: tuple[int, ...]


def streaming_equivalence(service: Answering) -> Passed:
    """Both endpoints, whole and streamed; the framing of the stream too."""
    question, prompt = "Name three colours.", "The three colours are"
    warnings = [
        *_compare(
            "chat",
            lambda: _whole_chat(chat(service, question, max_tokens=_TOKENS, seed=1)),
            lambda: chat_stream(service, question, max_tokens=_TOKENS, seed=1),
            shape.CHAT_CHUNK,
        ),
        *_compare(
            "completions",
            lambda: _whole(text_of, completion(service, prompt, max_tokens=_TOKENS, seed=1)),
            lambda: completion_stream(service, prompt, max_tokens=_TOKENS, seed=1),
            shape.COMPLETION_CHUNK,
        ),
    ]
    return Passed("text, end and usage are the same, streamed or not", tuple(warnings))


def _compare(
    name: str, ask: Callable[[], _Same], stream: Callable[[], Streamed], kind: shape.Kind
) -> list[str]:
    """Raise Failed where no stream is like a whole answer; warn where whole answers differ."""
    wholes: list[_Same] = []
    for _ in range(_TIMES):
        wholes.append(ask())
        pieces = stream()
        _framed(name, pieces, kind)
        got = _Same(pieces.text, pieces.reasoning, pieces.finish_reason, _usage(pieces.usage))
        if got in wholes:
            several = len(set(wholes)) > 1
            return [f"{name}: greedy answers differ from one time to the next"] if several else []
    raise Failed(f"{name}: {_difference(wholes[-1], got)}", _FIX)


def _difference(whole: _Same, got: _Same) -> str:
    for what in ("text", "reasoning", "finish_reason", "usage"):
        one, other = getattr(whole, what), getattr(got, what)
        if one != other:
            return f"{what} is {shown(str(one))} as a whole and {shown(str(other))} streamed"
    raise AssertionError("they are the same")


def _framed(name: str, pieces: Streamed, kind: shape.Kind) -> None:
    faults = list(pieces.faults)
    if pieces.content_type.partition(";")[0].strip().casefold() != "text/event-stream":
        faults.append(f"the stream is called {pieces.content_type or 'nothing'}, not text/event-stream")
    for event in pieces.events:
        faults += shape.faults(event, kind, "a piece")
    if len({event.get("id") for event in pieces.events}) > 1:
        faults.append("the pieces have different ids")
    if not pieces.finish_reason:
        faults.append("no piece has a finish_reason")
    if pieces.usage is None:
        faults.append("asked for usage by stream_options, the stream has none")
    elif pieces.events[-1].get("choices") != []:
        faults.append("usage is not in a last piece of its own, with empty choices")
    if faults:
        raise Failed(f"{name}: {'; '.join(dict.fromkeys(faults))}", _FIX)


def _whole_chat(answer: Any) -> _Same:
    same = _whole(content_of, answer)
    return _Same(same.text, reasoning_of(message_of(answer)), same.finish_reason, same.usage)


def _whole(text: Callable[[Any], str], answer: Any) -> _Same:
    usage = answer.get("usage") if isinstance(answer, dict) else None
    return _Same(text(answer), "", at(answer, "choices", 0, "finish_reason"), _usage(usage))


def _usage(usage: Any) -> tuple[int, ...]:
    return tuple(usage.get(name, -1) for name in ("prompt_tokens", "completion_tokens")) if usage else ()
