"""A service behind a key and TLS, under two names, that calls tools: through the official client."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from engine.conftest import ASSISTANT, Guarded
from running import SMOLLM2, run

pytestmark = pytest.mark.engine
ASKED: Any = [{"role": "user", "content": "What is the weather in Tokyo?"}]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Tokyo", "Paris"]}},
    "required": ["city"],
    "additionalProperties": False,
}
# `strict` is what makes the engine keep the arguments to their schema.
TOOL: Any = {"type": "function", "function": {"name": "weather", "strict": True, "parameters": CITY}}
NAMED: Any = {"type": "function", "function": {"name": "weather"}}
# The model is too small to call a tool of its own accord, and its template does not tell it of any. Its
# text is held to the form that the parser reads: what is proven is that the parser is there and reads it.
SPOKEN = r"""<tool_call>\n\{"name": "weather", "arguments": \{"city": "(Tokyo|Paris)"\}\}\n</tool_call>"""


def test_without_the_key_nothing_is_told(guarded: Guarded) -> None:
    with guarded.http() as http:
        assert http.get("/v1/models").status_code == 401
        assert http.get("/v1/models", headers={"Authorization": "Bearer sk-other"}).status_code == 401
        assert http.get("/health").status_code == 200
    with guarded.client(key="sk-other") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_the_key_stands_in_no_argument_and_no_line(guarded: Guarded) -> None:
    assert guarded.key not in guarded.service.said
    argvs = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _readable(path)]
    assert any(b"vllm" in argv for argv in argvs)
    assert not any(guarded.key.encode() in argv for argv in argvs)


def _readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def test_the_curl_line_of_the_ready_message_works(guarded: Guarded) -> None:
    found = re.search(r"try it   (curl .*)", guarded.service.said)
    assert found is not None
    assert f"curl -sk https://localhost:{guarded.service.port}/v1/chat/completions" in found[1]
    assert '-H "Authorization: Bearer $VLLM_API_KEY"' in found[1]
    env = {"VLLM_API_KEY": guarded.key, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    answer = subprocess.run(["/bin/sh", "-c", found[1]], env=env, capture_output=True, check=True)
    assert b"Tokyo" in answer.stdout
    refused = subprocess.run(
        ["/bin/sh", "-c", found[1]], env=env | {"VLLM_API_KEY": ""}, capture_output=True, check=True
    )
    assert b"Unauthorized" in refused.stdout


def test_only_tls_is_spoken(guarded: Guarded) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{guarded.service.port}/health")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{guarded.url}/health", verify=ssl.create_default_context())


def test_it_answers_to_both_of_its_names(guarded: Guarded) -> None:
    with guarded.client() as client:
        listed = [model.id for model in client.models.list()]
        assert listed[:2] == [ASSISTANT, SMOLLM2]
        for name in (ASSISTANT, SMOLLM2):
            answer = client.chat.completions.create(model=name, messages=ASKED, max_tokens=1)
            assert answer.usage is not None


@pytest.mark.parametrize("choice", ["required", NAMED], ids=["required", "named"])
def test_a_tool_that_must_be_called(guarded: Guarded, choice: Any) -> None:
    with guarded.client() as client:
        answer = client.chat.completions.create(
            model=ASSISTANT, messages=ASKED, tools=[TOOL], tool_choice=choice, temperature=0, max_tokens=64
        )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments)["city"] in ("Tokyo", "Paris")


def test_a_call_in_the_models_own_words_is_read_by_the_parser(guarded: Guarded) -> None:
    with guarded.client() as client:
        answer = client.chat.completions.create(
            model=ASSISTANT,
            messages=ASKED,
            tools=[TOOL],
            tool_choice="auto",
            temperature=0,
            max_tokens=64,
            extra_body={"structured_outputs": {"regex": SPOKEN}},
        )
    choice = answer.choices[0]
    (call,) = choice.message.tool_calls or []
    assert choice.finish_reason == "tool_calls"
    assert not choice.message.content
    assert call.type == "function"
    assert json.loads(call.function.arguments)["city"] in ("Tokyo", "Paris")


def test_a_call_streamed(guarded: Guarded) -> None:
    with guarded.client() as client:
        stream = client.chat.completions.create(
            model=ASSISTANT,
            messages=ASKED,
            tools=[TOOL],
            tool_choice="required",
            temperature=0,
            max_tokens=64,
            stream=True,
        )
        deltas = [chunk.choices[0].delta for chunk in stream if chunk.choices]
    calls = [call.function for delta in deltas for call in delta.tool_calls or [] if call.function]
    assert [call.name for call in calls if call.name] == ["weather"]
    text = "".join(call.arguments or "" for call in calls)
    assert json.loads(text)["city"] in ("Tokyo", "Paris")


def test_a_tool_whose_schema_is_none(guarded: Guarded) -> None:
    function = {"name": "weather", "strict": True, "parameters": {"type": "banana"}}
    tools: Any = [{"type": "function", "function": function}]
    with guarded.client() as client, pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model=ASSISTANT, messages=ASKED, tools=tools, tool_choice="required", max_tokens=4
        )


def test_validate_calls_its_tools(guarded: Guarded, tmp_path: Path) -> None:
    config = tmp_path / "checks.yaml"
    config.write_text("capabilities: {tool_calling: true}\n")
    env = {**guarded.env, "SSL_CERT_FILE": str(guarded.certificate)}
    asked = ("validate", "--service-url", guarded.url, "--scope", "offline", "--model", ASSISTANT)
    only = ("--check", "tool_invocation", "--check", "tool_avoidance")
    done = run(*asked, *only, "--config", str(config), env=env, timeout_s=400)
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each["detail"] for each in json.loads(done.stdout)["checks"]}
    assert 'get_weather({"city": ' in found["tool_invocation"]
    assert guarded.key not in done.stdout + done.stderr
    without = {name: value for name, value in env.items() if not name.startswith("VLLM_API_KEY")}
    done = run(*asked, "--startup-timeout", "0", env=without)
    assert done.returncode == 7
    assert "answered 401" in done.stderr
    assert "set VLLM_API_KEY" in done.stderr


def test_the_service_stops_cleanly(guarded: Guarded) -> None:
    """The last test of this service: it ends it."""
    assert guarded.service.stop() == 0
    assert guarded.service.said.rstrip().endswith("stopped")
