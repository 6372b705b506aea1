"""What is too long is refused in words, and what shall stop an answer stops it."""

from __future__ import annotations

from typing import Any

from aim_runtime.validate import shape
from aim_runtime.validate.answer import at, shown, text_of
from aim_runtime.validate.asking import COMPLETIONS, completion, completion_body, completion_stream
from aim_runtime.validate.check import Failed, Passed, Skipped
from aim_runtime.validate.subject import Answering

# Counting goes on in any model, and what comes next is known well enough.
_PROMPT = "1, 2, 3, 4, 5, 6, 7, 8,"
_TOKENS = 24
_NEVER = "a text that no model would come to write: 7f3a"
_STOPS_FIX = "clients that wait for their stop text get more than they asked for: look at the service"


def context_limit(service: Answering) -> Passed:
    """A prompt beyond the context gets 400 and words, at once; not 200, which would mean that it was cut."""
    limit = service.context_length
    if limit is None:
        raise Skipped(
            "the service does not say its context's length (max_model_len in /v1/models): "
            "context_length in --config can"
        )
    # No tokenizer makes one token of two of these words.
    prompt = "".join(f" {number % 10}" for number in range(limit + limit // 8 + 16))
    reply = service.client.post(COMPLETIONS, completion_body(service, prompt, max_tokens=1))
    if reply.status != 400:
        raise Failed(
            f"a prompt of more than {limit} tokens was answered with {reply.status}, not 400: {reply.text}",
            "the service cuts or drops what is too long, and its clients are not told",
        )
    wrong = list(shape.faults(reply.json(), shape.ERROR, "the refusal"))
    if wrong:
        raise Failed("; ".join(wrong), "answer with OpenAI's error object")
    message = reply.json()["error"]["message"]
    if not any(word in message.casefold() for word in (str(limit), "context", "token", "length", "too long")):
        raise Failed(f"the refusal does not say that the prompt is too long: {shown(message, 200)}")
    text_of(completion(service, "Hello", max_tokens=1))  # and it still answers
    return Passed(f"refused with 400: {shown(message, 120)}")


def stop_sequences(service: Answering) -> Passed:
    """`stop` as a text and as a list, whole and streamed: the answer ends before it, and says `stop`."""
    whole = text_of(completion(service, _PROMPT, max_tokens=_TOKENS))
    stop = _within(whole)
    wanted = whole[: whole.index(stop)]
    warnings = []
    for said, value in (("text", stop), ("list", [_NEVER, stop])):
        answer = completion(service, _PROMPT, max_tokens=_TOKENS, stop=value)
        text, end = text_of(answer), at(answer, "choices", 0, "finish_reason")
        _stopped(f"stop as a {said}", text, end, stop)
        if text != wanted:
            warnings.append(f"stop as a {said}: {shown(text)} is not where {shown(wanted)} ends")
    pieces = completion_stream(service, _PROMPT, max_tokens=_TOKENS, stop=stop)
    _stopped("stop in a stream", pieces.text, pieces.finish_reason, stop)
    return Passed(f"stopped before {shown(stop)}", tuple(warnings))


def _within(whole: str) -> str:
    """A text that the model comes to write, past the beginning."""
    words = whole.split()
    if len(words) < 3:
        raise Skipped(f"the model writes too little to be stopped: {shown(whole)}")
    # The first word that was not there before, so that what comes before it is more than nothing.
    return next((word for word in words[2:] if word not in whole[: whole.index(words[1])]), words[2])


def _stopped(said: str, text: str, end: Any, stop: str) -> None:
    if stop in text:
        raise Failed(f"{said}: {shown(text)} still has {shown(stop)}", _STOPS_FIX)
    if end != "stop":
        raise Failed(f"{said}: finish_reason is {end!r}, not 'stop'", _STOPS_FIX)
