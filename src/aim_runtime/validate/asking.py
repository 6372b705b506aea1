"""The requests that the checks make: the same words, greedy, so that answers can be compared."""

from __future__ import annotations

from typing import Any

from aim_runtime.validate.capabilities import Capability
from aim_runtime.validate.stream import Streamed, streamed
from aim_runtime.validate.subject import Answering

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"


# What a model may think before it comes to the answer that is asked for.
_THINKING_TOKENS = 1024


def room(service: Answering, tokens: int) -> int:
    """The `max_tokens` for an answer of so many tokens: more where the model is declared to think first."""
    return tokens + (_THINKING_TOKENS if service.has(Capability.REASONING) else 0)


def chat_body(service: Answering, content: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return {"model": service.model, "messages": messages, "temperature": 0, "max_tokens": 32, **more}


def completion_body(service: Answering, prompt: str, **more: Any) -> dict[str, Any]:
    return {"model": service.model, "prompt": prompt, "temperature": 0, "max_tokens": 32, **more}


def chat(service: Answering, content: str, **more: Any) -> Any:
    """The answer of the chat endpoint. Raises Failed for anything but 200 and JSON."""
    return service.client.post(CHAT, chat_body(service, content, **more)).good()


def completion(service: Answering, prompt: str, **more: Any) -> Any:
    """The answer of the endpoint for plain text. Raises Failed for anything but 200 and JSON."""
    return service.client.post(COMPLETIONS, completion_body(service, prompt, **more)).good()


def chat_stream(service: Answering, content: str, **more: Any) -> Streamed:
    return streamed(service.client, CHAT, chat_body(service, content, **more))


def completion_stream(service: Answering, prompt: str, **more: Any) -> Streamed:
    return streamed(service.client, COMPLETIONS, completion_body(service, prompt, **more))
