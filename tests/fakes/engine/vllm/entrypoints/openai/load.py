"""Completions as a load generator asks for them, with usage at the end of the stream: FAKE_ENGINE=load.

An answer has `max_tokens` tokens, of FAKE_ENGINE_TOKEN_S each. `load-fails` answers every third with 500,
`load-short` ends every answer half way, `load-dies` exits with 4 at the tenth.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from http.server import BaseHTTPRequestHandler

HOW = os.environ.get("FAKE_ENGINE", "")
TOKEN_S = float(os.environ.get("FAKE_ENGINE_TOKEN_S", "0.002"))
_numbers = itertools.count(1)


def answered(request: BaseHTTPRequestHandler) -> bool:
    """Answer a completion; False where another answers."""
    if not HOW.startswith("load"):
        return False
    body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    number = next(_numbers)
    if HOW == "load-dies" and number >= 10:
        os._exit(4)
    if HOW == "load-fails" and number % 3 == 0:
        request.send_error(500)
        return True
    key = os.environ.get("VLLM_API_KEY")
    if key and request.headers["Authorization"] != f"Bearer {key}":
        request.send_error(401)
        return True
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.end_headers()
    tokens = body["max_tokens"] // (2 if HOW == "load-short" else 1)
    for _ in range(tokens):
        time.sleep(TOKEN_S)
        _send(request, {"choices": [{"index": 0, "text": "word ", "finish_reason": None}]})
    prompt = len(body["prompt"].split())
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
    _send(request, {"choices": [], "usage": usage})
    request.wfile.write(b"data: [DONE]\n\n")
    return True


def _send(request: BaseHTTPRequestHandler, part: dict[str, object]) -> None:
    request.wfile.write(b"data: %s\n\n" % json.dumps({"id": "cmpl-1", "model": "tiny", **part}).encode())
    request.wfile.flush()
