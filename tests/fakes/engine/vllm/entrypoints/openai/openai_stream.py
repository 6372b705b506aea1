"""The answers of the stand-in for an OpenAI API as streams, a word each event."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

from .wording import wrong

TOKEN_S = 0.01
_lock = threading.Lock()
_running = 0


def running() -> int:
    """How many streams are written at the moment."""
    return _running


def _add(number: int) -> None:
    global _running
    with _lock:
        _running += number


def stream(
    request: BaseHTTPRequestHandler,
    head: dict[str, Any],
    text: str,
    end: str,
    usage: dict[str, int],
    body: dict[str, Any],
    chat: bool,
) -> None:
    """Answer with the words as events, and count as running meanwhile."""
    request.send_response(200)
    request.send_header("Content-Type", "text/plain" if wrong("stream-type") else "text/event-stream")
    request.end_headers()
    if "seed" in body and wrong("stream-differs"):
        text = text.replace("e", "a", 1)
    _add(1)
    try:
        for event, pause_s in _events(head, text, end, usage, body, chat):
            _put(request, event)
            time.sleep(pause_s)
    except BrokenPipeError:
        return
    finally:
        _add(-1)


def _put(request: BaseHTTPRequestHandler, event: bytes) -> None:
    try:
        request.wfile.write(event)
    except OSError as error:
        if not wrong("keeps-going"):
            raise BrokenPipeError from error


def _events(
    head: dict[str, Any], text: str, end: str, usage: dict[str, int], body: dict[str, Any], chat: bool
) -> Iterator[tuple[bytes, float]]:
    """Each event of an answer, and the time after it."""
    kind = {**head, "object": "chat.completion.chunk" if chat else "text_completion"}
    pause_s = TOKEN_S if body.get("ignore_eos") else 0

    def piece(part: str, reason: str | None = None) -> bytes:
        inner: dict[str, Any] = {"delta": {"content": part}} if chat else {"text": part}
        choice = {"index": 0, **inner, "finish_reason": reason}
        return _event({**kind, "choices": [choice]}, escaped=wrong("halves") and not part.isprintable())

    if chat and not wrong("no-reasoning"):
        thought = {"index": 0, "delta": {"role": "assistant", "reasoning": "Let me think."}}
        yield _event({**kind, "choices": [thought]}), 0
    for part in _pieces(text):
        torn = wrong("torn") and not part.isascii()
        yield piece(part).replace(part.encode(), part.encode()[:-1]) if torn else piece(part), pause_s
    yield piece("", end), 0
    if not wrong("no-usage"):
        yield _event({**kind, "choices": [], "usage": usage}), 0
    if not wrong("no-done"):
        yield b"data: [DONE]\n\n", 0


def _pieces(text: str) -> list[str]:
    """Words; with the switch `halves`, what is beyond the 16-bit plane in two halves."""
    if not wrong("halves"):
        return re.findall(r"\s*\S+|\s+$", text)
    halves = text.encode("utf-16-le", "surrogatepass")
    return [chr(int.from_bytes(halves[at : at + 2], "little")) for at in range(0, len(halves), 2)]


def _event(value: dict[str, Any], escaped: bool = False) -> bytes:
    text = json.dumps(value, ensure_ascii=escaped)
    return b"data: " + text.encode("utf-8", "surrogatepass") + (b"\n" if wrong("glued") else b"\n\n")
