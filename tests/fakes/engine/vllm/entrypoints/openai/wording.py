"""What the stand-in for an OpenAI API answers: the same words for a question; and what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def wrong(what: str) -> bool:
    """Whether this is to be wrong at the moment."""
    switch = os.environ.get("FAKE_ENGINE_SWITCH")
    return bool(switch) and what in Path(switch or "").read_text().split()


def completion_text(prompt: str) -> str:
    """Numbers where the prompt counts, else a sentence; long enough to be cut."""
    last = prompt.rstrip(" ,").rpartition(" ")[2]
    if last.isdigit() and len(prompt) < 100:
        return "".join(f" {number}," for number in range(int(last) + 1, int(last) + 40))
    return " the end, where everybody went home after a long day and slept until the next morning came." * 2


def chat_text(question: str) -> str:
    """The question again, after a sentence that does not depend on it."""
    return f"The answer to that is here. {question.partition(': ')[2]}".rstrip()


def call(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}


def within_schema(schema: dict[str, Any]) -> Any:
    """The least that a schema takes."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "object":
        return {name: within_schema(inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [within_schema(schema["items"])]
    return {"string": "text", "integer": 1, "boolean": True}[schema["type"]]
