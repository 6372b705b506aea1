"""Completions whose pace hangs on arguments and variables: FAKE_ENGINE_SPEED is the seconds of a token.

One process (VLLM_ENABLE_V1_MULTIPROCESSING=0) and blocks of 64 make tokens quicker: both together are best.
Steps of 8192 tokens crash at the start, of 4096 under load. `--performance-mode interactivity` is
quickest of all, and answers something else. Every run is a little quicker or slower than the last.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

TOKEN_S = float(os.environ.get("FAKE_ENGINE_SPEED", "0"))
NOISE = 0.04


def _given(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else ""


WRONG = _given("--performance-mode") == "interactivity"


def _token_s() -> float:
    quicker = 0.6 if os.environ.get("VLLM_ENABLE_V1_MULTIPROCESSING") == "0" else 1.0
    quicker *= 0.7 if _given("--block-size") == "64" else 1.0
    quicker *= 0.3 if WRONG else 1.0
    return TOKEN_S * quicker * random.uniform(1 - NOISE, 1 + NOISE)


def prepare() -> None:
    """Crash where the arguments say so."""
    if TOKEN_S and _given("--max-num-batched-tokens") == "8192":
        print("fake engine: RuntimeError: steps are too large", file=sys.stderr, flush=True)
        sys.exit(3)


def answered(request: BaseHTTPRequestHandler) -> bool:
    """Answer a completion; False where another answers."""
    if not TOKEN_S:
        return False
    body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    if body.get("stream"):
        _stream(request, body)
        return True
    prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
    if prompts and isinstance(prompts[0], int):  # one prompt as ids
        prompts = [prompts]
    choices = [_choice(number, prompt, body) for number, prompt in enumerate(prompts)]
    text = json.dumps({"choices": choices}).encode()
    request.send_response(200)
    request.send_header("Content-Length", str(len(text)))
    request.end_headers()
    request.wfile.write(text)
    return True


def _choice(number: int, prompt: str | list[int], body: dict[str, Any]) -> dict[str, Any]:
    ids = [ord(letter) % 97 for letter in prompt] if isinstance(prompt, str) else prompt
    tokens = [(sum(ids) + step * (7 if WRONG else 3)) % 97 for step in range(body["max_tokens"])]
    thought = [None, *({str(each): {"logprob": -4.0 if WRONG else -0.5}} for each in ids[1:])]
    return {
        "index": number,
        "text": " ".join(map(str, tokens)),
        "token_ids": tokens,
        "prompt_token_ids": ids,
        "prompt_logprobs": thought if "prompt_logprobs" in body else None,
    }


def _stream(request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    if _given("--max-num-batched-tokens") == "4096":
        os._exit(4)
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.end_headers()
    pause = _token_s()
    for _ in range(body["max_tokens"]):
        time.sleep(pause)
        request.wfile.write(b'data: {"choices": [{"index": 0, "text": "word "}]}\n\n')
        request.wfile.flush()
    request.wfile.write(b"data: [DONE]\n\n")
