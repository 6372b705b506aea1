"""The parts of an answer, asked for by name: what is not there is said, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aim_runtime.validate.check import Failed

# What vLLM and OpenAI's open models call it now, and its older name, the only one that AIM 0.12 reads.
_REASONING = ("reasoning", "reasoning_content")


def at(value: Any, *path: str | int) -> Any:
    """The value at a path; raises Failed where the answer does not have it."""
    seen = "the answer"
    for part in path:
        fits = isinstance(value, list if isinstance(part, int) else dict)
        if not fits or (part not in value if isinstance(part, str) else len(value) <= part):
            raise Failed(f"{seen} has no {'entry ' if isinstance(part, int) else ''}{part}")
        value = value[part]
        seen = f"{seen}[{part}]" if isinstance(part, int) else f"{seen}.{part}"
    return value


def message_of(answer: Any) -> dict[str, Any]:
    """The message of a chat answer."""
    message = at(answer, "choices", 0, "message")
    if not isinstance(message, dict):
        raise Failed(f"choices[0].message is {message!r}")
    return message


def content_of(answer: Any) -> str:
    """The text of a chat answer; empty where it is null."""
    content = message_of(answer).get("content")
    if content is not None and not isinstance(content, str):
        raise Failed(f"choices[0].message.content is {type(content).__name__}, not text")
    return content or ""


def text_of(answer: Any) -> str:
    """The text of a completion."""
    text = at(answer, "choices", 0, "text")
    if not isinstance(text, str):
        raise Failed(f"choices[0].text is {type(text).__name__}, not text")
    return text


def reasoning_of(message: Mapping[str, Any]) -> str:
    """The reasoning beside an answer or a piece of one, by either of its names."""
    return next((message[name] for name in _REASONING if isinstance(message.get(name), str)), "")


def calls_of(answer: Any) -> list[dict[str, Any]]:
    """The tool calls of a chat answer."""
    calls = message_of(answer).get("tool_calls") or []
    if not isinstance(calls, list) or not all(isinstance(each, dict) for each in calls):
        raise Failed(f"choices[0].message.tool_calls is {calls!r}")
    return calls


def shown(text: str, most: int = 80) -> str:
    """A text in quotes, cut for a line."""
    return repr(text if len(text) <= most else f"{text[:most]}…")
