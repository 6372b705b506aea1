"""Text of all the world goes in and comes out unbroken, also where a character lies across two pieces."""

from __future__ import annotations

from aim_runtime.validate.answer import content_of, shown, text_of
from aim_runtime.validate.asking import (
    COMPLETIONS,
    chat,
    chat_stream,
    completion_body,
    completion_stream,
    room,
)
from aim_runtime.validate.capabilities import Capability
from aim_runtime.validate.check import Failed, Passed
from aim_runtime.validate.stream import Streamed
from aim_runtime.validate.subject import Answering

# Beyond the 16-bit plane, joined by U+200D, three bytes each, right to left, and marks that combine.
SAMPLE = "😀 👩‍👩‍👧 漢字 かな עברית العربية e\u0301 n\u0303 Ω"
# The same in few tokens: these are written one by one.
_SHORT = "👩‍👧 字 ע e\u0301"
_MARK = "Text:"
_BROKEN = "\ufffd"
_TOKENS = 16
_FIX = "something on the way cuts or recodes UTF-8: look at the service and at what is before it"


def unicode(service: Answering) -> Passed:
    """The sample comes back as it is, where the service can be made to write it; else it is only read."""
    ways = [name for name, held in (("echo", _echoed(service)), ("choice", _chosen(service))) if held]
    question = f"Repeat exactly: {SAMPLE}"
    broken = [
        content_of(chat(service, question, max_tokens=_TOKENS)),
        _whole(chat_stream(service, question, max_tokens=_TOKENS)),
    ]
    warnings = tuple(
        f"an answer has a broken character, which the model may have written: {shown(text)}"
        for text in broken
        if _BROKEN in text.rstrip(_BROKEN)
    )
    if ways:
        return Passed(f"unbroken, whole and in pieces ({', '.join(ways)})", warnings)
    return Passed(
        "read and answered without broken bytes",
        (*warnings, "the service could not be made to write the sample, so what comes out was not compared"),
    )


def _echoed(service: Answering) -> bool:
    """By `echo`, which few have besides vLLM; whether it has."""
    prompt = f"{_MARK} {SAMPLE}"
    reply = service.client.post(COMPLETIONS, completion_body(service, prompt, echo=True, max_tokens=1))
    if reply.status != 200 or not text_of(reply.json()).startswith(_MARK):
        return False
    _is_there("echoed", text_of(reply.json()), prompt)
    pieces = completion_stream(service, prompt, echo=True, max_tokens=1)
    _is_there("echoed in a stream", _whole(pieces), prompt)
    return True


def _chosen(service: Answering) -> bool:
    """By a choice of one, which comes token by token; whether that capability is declared."""
    if not service.has(Capability.STRUCTURED_OUTPUTS):
        return False
    pieces = chat_stream(
        service, "Write it.", structured_outputs={"choice": [_SHORT]}, max_tokens=room(service, 64)
    )
    _is_there("chosen in a stream", _whole(pieces), _SHORT)
    return True


def _is_there(how: str, text: str, sample: str) -> None:
    if not text.startswith(sample):
        raise Failed(f"{how}, {shown(sample, 200)} came back as {shown(text, 200)}", _FIX)


def _whole(pieces: Streamed) -> str:
    """The text of a stream; half of a character in one piece and half in the next is none."""
    text = pieces.text
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Failed(f"a character came in halves of a surrogate pair: {shown(text)}", _FIX)
    return text
