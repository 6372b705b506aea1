"""Wrong requests: each gets the status and the shape that clients of OpenAI's API know, in words."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from engine.conftest import Running
from running import SMOLLM2

pytestmark = pytest.mark.engine
ASKED = [{"role": "user", "content": "Hello."}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "banana"}}}
CALL = {"type": "function", "function": {"name": "absent"}}
TOOL = {"type": "function", "function": {"name": "weather"}}
WRONG: list[tuple[str, dict[str, Any], type[openai.APIStatusError], str]] = [
    ("unknown model", {"model": "acme/none"}, openai.NotFoundError, "`acme/none` does not exist"),
    (
        "too long",
        {"messages": [{"role": "user", "content": "word " * 9000}]},
        openai.BadRequestError,
        "maximum context length is 8192 tokens",
    ),
    ("too many", {"max_tokens": 100000}, openai.BadRequestError, "max_tokens=100000 cannot be greater than"),
    ("a value", {"temperature": -3}, openai.BadRequestError, "temperature must be non-negative"),
    ("a schema", {"response_format": SCHEMA}, openai.BadRequestError, "Invalid type: banana"),
    ("a tool", {"tools": [{"type": "function"}]}, openai.BadRequestError, "body.tools.0.function"),
    (
        "a tool that is not there",
        {"tools": [TOOL], "tool_choice": CALL},
        openai.BadRequestError,
        "does not match any of the specified `tools`",
    ),
    ("no messages", {"messages": "hello"}, openai.BadRequestError, "messages"),
]


@pytest.mark.parametrize(
    ("wrong", "kind", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_a_wrong_request(
    smollm2: Running, wrong: dict[str, Any], kind: type[openai.APIStatusError], words: str
) -> None:
    asked: dict[str, Any] = {"model": SMOLLM2, "messages": ASKED, "max_tokens": 4, **wrong}
    with smollm2.client() as client, pytest.raises(kind) as caught:
        client.chat.completions.create(**asked)
    error = caught.value.body
    assert isinstance(error, dict)
    assert words in error["message"]
    assert error["code"] == caught.value.status_code
    assert error["type"]


def test_what_is_no_json(smollm2: Running) -> None:
    answer = httpx.post(
        f"{smollm2.service.url}/v1/chat/completions",
        content=b"{nope",
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert "JSON decode error" in answer.json()["error"]["message"]


def test_an_answer_follows_all_of_them(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer: Any = client.chat.completions.create(model=SMOLLM2, messages=ASKED, max_tokens=1)  # type: ignore[arg-type]
    assert answer.usage.completion_tokens == 1
