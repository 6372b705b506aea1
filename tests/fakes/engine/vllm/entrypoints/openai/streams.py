"""Completions as streams, and an end that waits for them as vLLM's does: FAKE_ENGINE=streams.

A completion of `max_tokens` takes FAKE_ENGINE_TOKEN_S each. `streams-blank` does not say in its metrics what
is in flight. On SIGTERM what is in flight goes on for --shutdown-timeout, and what comes after it is
answered as vLLM 0.32 does: status 200, no text, finish_reason "abort".
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

HOW = os.environ.get("FAKE_ENGINE", "")
TOKEN_S = float(os.environ.get("FAKE_ENGINE_TOKEN_S", "0.05"))
_lock = threading.Lock()
_running = 0
_ending = threading.Event()


def _add(number: int) -> None:
    global _running
    with _lock:
        _running += number


def answered(request: BaseHTTPRequestHandler) -> bool:
    """Answer a look at the metrics; False where another does."""
    if request.path != "/metrics" or not HOW.startswith("streams"):
        return False
    text = (
        f'vllm:num_requests_running{{engine="0"}} {_running}.0\nvllm:num_requests_waiting{{engine="0"}} 0.0\n'
    )
    request.send_response(200)
    request.end_headers()
    request.wfile.write(b"python_info 1.0\n" if HOW == "streams-blank" else text.encode())
    return True


def streamed(request: BaseHTTPRequestHandler) -> bool:
    """Stream an answer; False where another answers."""
    if not HOW.startswith("streams"):
        return False
    body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    request.send_response(200)
    request.send_header("Content-Type", "text/event-stream")
    request.end_headers()
    if _ending.is_set():
        request.wfile.write(b'data: {"choices": [{"finish_reason": "abort"}]}\n\n')
        return True
    _add(1)
    try:
        for number in range(body["max_tokens"]):
            request.wfile.write(b'data: {"choices": [{"delta": {"content": "%d "}}]}\n\n' % number)
            time.sleep(TOKEN_S)
        request.wfile.write(b"data: [DONE]\n\n")
    finally:
        _add(-1)
    return True


def _drain() -> None:
    _ending.wait()
    deadline = time.monotonic() + float(sys.argv[sys.argv.index("--shutdown-timeout") + 1])
    while _running and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.05)  # what was written last is on its way
    os._exit(0)


def prepare() -> None:
    """Take the SIGTERM as vLLM does."""
    if HOW.startswith("streams"):
        signal.signal(signal.SIGTERM, lambda *_: _ending.set())
        threading.Thread(target=_drain, daemon=True).start()
