"""OpenAI's API in small, with whatever is wrong with it that one wants: FAKE_ENGINE=openai.

Words count as tokens. The words in the file FAKE_ENGINE_SWITCH each break one thing (see `wrong`); with
none of them, everything is as it should be: chat and completions, streamed and not, tools, schemas, choices,
reasoning, echo, stop, a context of 1000 words, and metrics of what runs.
"""

from __future__ import annotations

import json
import os
import re
from http.server import BaseHTTPRequestHandler
from itertools import count, islice
from typing import Any

from .openai_stream import running, stream
from .wording import call, chat_text, completion_text, within_schema, wrong

HOW = os.environ.get("FAKE_ENGINE", "")
CONTEXT = 1000


def told(request: BaseHTTPRequestHandler, names: list[str]) -> bool:
    """Answer a GET; False where another does."""
    if HOW != "openai":
        return False
    if request.path == "/metrics" and not wrong("no-metrics"):
        text = f"vllm:num_requests_running {running()}.0\nvllm:num_requests_waiting 0.0\n"
        _send(request, 200, text.encode(), "text/plain")
    elif request.path == "/v1/models" and not wrong("models-500"):
        more = {"created": 1, "owned_by": "vllm"} | ({} if wrong("no-length") else {"max_model_len": CONTEXT})
        data = [{"id": name, "object": "model", **more} for name in names]
        _send(
            request, 200, json.dumps({"object": "list", "data": [] if wrong("no-model") else data}).encode()
        )
    elif request.path == "/health" and not wrong("no-health"):
        _send(request, 200, b"")
    else:
        _refuse(request, 500 if request.path == "/v1/models" else 404, f"no {request.path}")
    return True


def answered(request: BaseHTTPRequestHandler, names: list[str]) -> bool:
    """Answer a POST; False where another does."""
    if HOW != "openai":
        return False
    body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    chat = request.path == "/v1/chat/completions"
    prompt = body["messages"] if chat else body["prompt"]
    if body["model"] not in names and not wrong("any-model"):
        _refuse(request, 400 if wrong("model-400") else 404, f"The model `{body['model']}` does not exist.")
    elif chat and not isinstance(prompt, list):
        if wrong("error-shape"):
            _send(request, 400, json.dumps({"detail": "no list"}).encode())
        else:
            _refuse(request, 400, "messages is no list")
    elif not chat and len(prompt.split()) > CONTEXT and not wrong("cut"):
        _refuse(
            request, 500 if wrong("limit-500") else 400, f"The maximum context length is {CONTEXT} tokens."
        )
    elif not chat and body["max_tokens"] == 1 and prompt == "Hello" and wrong("cold"):
        _refuse(request, 400, "not warm")
    elif not chat and wrong("chat-only"):
        _refuse(request, 404, "Not Found")
    else:
        _write(request, body, chat)
    return True


def _write(request: BaseHTTPRequestHandler, body: dict[str, Any], chat: bool) -> None:
    prompt = body["messages"][-1]["content"] if chat else body["prompt"]
    text = _text(body, prompt, chat)
    tokens = re.findall(r"\s*\S+", text)
    if body.get("ignore_eos"):
        tokens = [f" {number}" for number in islice(count(), body["max_tokens"])]
    held = "response_format" in body or "structured_outputs" in body
    cut = len(tokens) > body["max_tokens"] and not held
    text, end = "".join(tokens[: body["max_tokens"]] if cut else tokens), "length" if cut else "stop"
    text, end = _stopped(text, end, body)
    if body.get("echo"):
        text = prompt + text
    if wrong("ascii"):
        text = text.encode("ascii", "replace").decode()
    written = max(1, min(len(text.split()), body["max_tokens"]))
    usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": written}
    usage["total_tokens"] = sum(usage.values()) + wrong("bad-sum")
    calls = _calls(body, prompt) if chat else []
    if calls:
        text, end = "", "tool_calls"
    if wrong("no-text") and not chat:
        text = ""
    head = {"id": "x-1", "created": "now" if wrong("bad-type") else 1, "model": body["model"]}
    if body.get("stream"):
        stream(request, head, text, end, usage, body, chat)
        return
    message = {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}
    if chat and not wrong("no-reasoning") and not wrong("empty-chat"):
        message["reasoning_content" if wrong("old-name") else "reasoning"] = "Let me think."
    choice: dict[str, Any] = {"index": 0, "finish_reason": end}
    choice |= {"message": message} if chat else {"text": None if wrong("no-text") else text}
    kind = "chat.completion" if chat else "text_completion"
    answer = {**head, "object": kind, "choices": [choice], "usage": usage}
    _send(request, 200, json.dumps(answer, ensure_ascii=False).encode())


def _text(body: dict[str, Any], prompt: str, chat: bool) -> str:
    """What is answered, before it is cut."""
    if "structured_outputs" in body:
        choices: list[str] = body["structured_outputs"]["choice"]
        return "any city" if wrong("no-choice") and len(choices) > 1 else choices[-1]
    if "response_format" in body:
        schema = body["response_format"]["json_schema"]["schema"]
        nested = "stops" in schema["properties"]
        broken = wrong("no-nested") if nested else wrong("no-schema")
        return "Kyoto." if broken else json.dumps(within_schema(schema))
    if not chat:
        return completion_text(prompt)
    if wrong("empty-chat"):
        return ""
    leak = "<think>hm</think>" if wrong("think-leak") else ""
    if "tools" in body and wrong("tool-leak") and "Use" in prompt:
        leak = "<tool_call>"
    return leak + chat_text(prompt)


def _calls(body: dict[str, Any], prompt: str) -> list[dict[str, Any]]:
    choice = body.get("tool_choice", "auto")
    forced = isinstance(choice, dict) and not wrong("no-forced-call")
    if wrong("tool-leak") and choice == "auto":
        return []
    wanted = forced or (choice == "auto" and "Use" in prompt) or (choice == "none" and wrong("always-calls"))
    arguments = "Tokyo" if wrong("bad-arguments") else '{"city": "Tokyo"}'
    return [call(body["tools"][0]["function"]["name"], arguments)] if "tools" in body and wanted else []


def _stopped(text: str, end: str, body: dict[str, Any]) -> tuple[str, str]:
    """The text up to the first of the texts that end it."""
    said = body.get("stop") or []
    stops = [said] if isinstance(said, str) else said
    if (wrong("no-stop-list") and isinstance(said, list)) or (wrong("no-stop-stream") and body.get("stream")):
        return text, end
    found = [(text.index(stop), stop) for stop in stops if stop in text]
    if not found:
        return text, end
    place, stop = min(found)
    kept = place + (len(stop) if wrong("stop-kept") else 0)
    return text[:kept], "length" if wrong("stop-length") else "stop"


def _refuse(request: BaseHTTPRequestHandler, status: int, message: str) -> None:
    error = {"message": message, "type": "BadRequestError", "param": None, "code": status}
    _send(request, status, json.dumps({"error": error}).encode())


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "application/json") -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
