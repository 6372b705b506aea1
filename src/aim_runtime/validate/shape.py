"""Whether a value of JSON has the shape that clients of OpenAI's API rely on.

https://platform.openai.com/docs/api-reference. Only what every client may count on is asked for; there may be
more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# A kind of JSON value: a type (None for null), the one text there may be, several of these, an object's
# keys (with "?" after one that may be missing) or a list's entries.
Kind = Any
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "a boolean", None: "null"}

USAGE: Mapping[str, Kind] = {"prompt_tokens": int, "completion_tokens": int, "total_tokens": int}
_ENDS = ("stop", "length", "tool_calls", "content_filter", "function_call")
_HEAD: Mapping[str, Kind] = {"id": str, "created": int, "model": str}
_MESSAGE: Mapping[str, Kind] = {"role": "assistant", "content": (str, None), "tool_calls?": (list, None)}
CHAT: Mapping[str, Kind] = {
    **_HEAD,
    "object": "chat.completion",
    "choices": [{"index": int, "message": _MESSAGE, "finish_reason": _ENDS}],
    "usage": USAGE,
}
COMPLETION: Mapping[str, Kind] = {
    **_HEAD,
    "object": "text_completion",
    "choices": [{"index": int, "text": str, "finish_reason": _ENDS}],
    "usage": USAGE,
}
CHAT_CHUNK: Mapping[str, Kind] = {
    **_HEAD,
    "object": "chat.completion.chunk",
    "choices": [{"index": int, "delta": {"content?": (str, None)}, "finish_reason?": (*_ENDS, None)}],
}
COMPLETION_CHUNK: Mapping[str, Kind] = {
    **_HEAD,
    "object": "text_completion",
    "choices": [{"index": int, "text": str, "finish_reason?": (*_ENDS, None)}],
}
MODELS: Mapping[str, Kind] = {
    "object": "list",
    "data": [{"id": str, "object": "model", "created": int, "owned_by": str}],
}
ERROR: Mapping[str, Kind] = {
    "error": {"message": str, "type": (str, None), "param?": (str, None), "code?": (str, int, None)}
}


def faults(value: Any, kind: Kind, where: str) -> Iterator[str]:
    """Yield what of `value`, which is called `where`, is not as `kind` has it."""
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            yield f"{where} is {_seen(value)}, not an object"
            return
        for name, inner in kind.items():
            key = name.removesuffix("?")
            if key in value:
                yield from faults(value[key], inner, f"{where}.{key}")
            elif key == name:
                yield f"{where} has no {key}"
    elif isinstance(kind, list):
        if not isinstance(value, list):
            yield f"{where} is {_seen(value)}, not a list"
            return
        for number, entry in enumerate(value):
            yield from faults(entry, kind[0], f"{where}[{number}]")
    elif not any(_is(value, each) for each in (kind if isinstance(kind, tuple) else (kind,))):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        yield f"{where} is {_seen(value)}, not {' or '.join(_called(each) for each in kinds)}"


def sums(usage: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield what does not add up in counts of tokens that have the right types."""
    prompt, written, total = (usage[name] for name in USAGE)
    if prompt + written != total:
        yield f"{where}: {prompt} prompt + {written} completion tokens are not {total}"
    if prompt < 1:
        yield f"{where}.prompt_tokens is {prompt} for a prompt that has words"


def _is(value: Any, kind: Kind) -> bool:
    if kind is None or isinstance(kind, str):
        return bool(value == kind)
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, kind)


def _called(kind: Kind) -> str:
    return f'"{kind}"' if isinstance(kind, str) else _WORDS.get(kind, "a list")


def _seen(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
