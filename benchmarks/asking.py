"""What the benchmarks of serving share: streamed requests, alone and many at a time."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from services import AIM_ID

QUESTION = "Tell me about the history of the city of Paris and the river that flows through it."
WITHIN_S = 600


@dataclass(frozen=True)
class Answer:
    """How one streamed request ended; `finish` is None where the end is missing, `usage` the engine's."""

    status: int
    chunks: int = 0
    finish: str | None = None
    usage: int | None = None
    ttft_s: float = 0.0
    last_s: float = 0.0

    @property
    def tpot_s(self) -> float:
        """Seconds between the first token and the last, for each after the first."""
        return (self.last_s - self.ttft_s) / max((self.usage or self.chunks) - 1, 1)


async def stream(client: httpx.AsyncClient, body: Mapping[str, Any], cut_after: int = 0) -> Answer:
    """Ask for a streamed chat completion; close the connection after `cut_after` chunks, where not 0."""
    asked = {"model": AIM_ID, "messages": [{"role": "user", "content": QUESTION}], "temperature": 0, **body}
    asked |= {"stream": True, "stream_options": {"include_usage": True}}
    began = time.perf_counter()
    chunks, finish, usage, first, last = 0, None, None, 0.0, 0.0
    async with client.stream("POST", "/v1/chat/completions", json=asked) as answer:
        if answer.status_code != 200:
            await answer.aread()
            return Answer(answer.status_code)
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            said = json.loads(line.removeprefix("data: "))
            if said.get("usage"):
                usage = said["usage"]["completion_tokens"]
            for choice in said.get("choices", ()):
                last = time.perf_counter() - began
                if choice["delta"].get("content"):
                    chunks += 1
                    first = first or last
                finish = choice.get("finish_reason") or finish
            if cut_after and chunks >= cut_after:
                break
    return Answer(200, chunks, finish, usage, first, last)


async def ask(port: int, body: Mapping[str, Any], clients: int, requests: int) -> tuple[list[Answer], float]:
    """`requests` requests, `clients` at a time: their answers, and the seconds that all took together."""
    limit = asyncio.Semaphore(clients)
    # A connection for each request: llama.cpp closes one that has streamed, and httpx would use it again.
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=0)
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=WITHIN_S, limits=limits) as client:

        async def one() -> Answer:
            async with limit:
                return await stream(client, body)

        began = time.perf_counter()
        answers = await asyncio.gather(*(one() for _ in range(requests)))
        return answers, time.perf_counter() - began
