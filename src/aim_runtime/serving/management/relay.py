"""POST /try: a question from the status page to the engine, and its answer as it is written.

So one forwarded port is enough to see a model and to try it. The engine is asked with what the client
brought to identify itself, never with the key that this program has.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TYPE_CHECKING

from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.serving.health import ready
from aim_runtime.serving.management.answer import JSON, Answer, refusal
from aim_runtime.serving.management.guard import foreign_origin

if TYPE_CHECKING:
    from aim_runtime.serving.management.handler import Handler

_PATH = "/v1/chat/completions"
_BODY_BYTES = 256 * 1024
# A prompt may wait for others and be long: until the next byte.
_ENGINE_S = 300.0
# A page for trying is no way to serve, and the port is for probes first.
MOST = 8
_slots = threading.BoundedSemaphore(MOST)


def relay(handler: Handler) -> None:
    """Answer a POST: by the engine, or by what speaks against asking it."""
    refused = _against_client(handler) or _against_asking(handler)
    if refused:
        handler.answer(refused)
        return
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    try:
        asks = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        asks = False
    endpoint = handler.server.about.life.endpoint
    if not asks:
        handler.answer(refusal(400, "the request is no JSON object"))
    elif endpoint is None:
        handler.answer(refusal(503, "there is no engine to ask"))
    elif not _slots.acquire(blocking=False):
        handler.answer(refusal(503, f"{MOST} answers are being written here already", "try again later"))
    else:
        try:
            _ask(handler, endpoint, body)
        finally:
            _slots.release()


def _against_client(handler: Handler) -> Answer | None:
    """Why this request is not taken, whatever the engine does."""
    headers = handler.headers
    length = headers.get("Content-Length", "")
    if origin := foreign_origin(headers):
        return refusal(403, f"only the page of this port may ask, not one of {origin}")
    # A form, which needs nobody's leave to be sent anywhere, cannot be of this kind.
    if headers.get_content_type() != JSON:
        return refusal(415, f"the request has to be {JSON}")
    if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in headers:
        return refusal(411, "the request has to say its length (Content-Length)")
    # Its digits are counted first: a number of thousands of them is no number to Python.
    if len(length) > 9 or int(length) > _BODY_BYTES:
        return refusal(413, f"a request of {length[:20]} bytes is too long: {_BODY_BYTES} are taken")
    return None


def _against_asking(handler: Handler) -> Answer | None:
    about = handler.server.about
    verdict = ready(about.life.view(), about.stall_s)
    return None if verdict.ok else refusal(503, f"the model cannot be tried: {verdict.reason}")


def _ask(handler: Handler, endpoint: Endpoint, body: bytes) -> None:
    with closing(endpoint.connect(_ENGINE_S)) as connection:
        try:
            answer = _asked(handler, connection, body)
        except (OSError, HTTPException) as error:
            handler.answer(refusal(502, f"the engine gave no answer ({type(error).__name__})"))
            return
        with closing(answer):
            _pass_on(handler, answer)


def _asked(handler: Handler, connection: HTTPConnection, body: bytes) -> HTTPResponse:
    """Send the question; from here on the client's end is the engine's."""
    headers = {"Content-Type": JSON, "Accept": "text/event-stream, application/json"}
    if key := handler.headers.get("Authorization"):
        headers["Authorization"] = key
    connection.connect()
    handler.held.stream_from(connection.sock)
    connection.request("POST", _PATH, body, headers)
    return connection.getresponse()


def _pass_on(handler: Handler, answer: HTTPResponse) -> None:
    """Send each part when it comes. An answer that breaks off is broken off: no end is made up for it."""
    chunked = handler.request_version == "HTTP/1.1"
    handler.send_response(answer.status)
    handler.send_header("Content-Type", answer.headers.get("Content-Type", JSON))
    handler.send_header("Cache-Control", "no-store")
    handler.send_header("X-Content-Type-Options", "nosniff")
    handler.send_header("Connection", "close")
    if chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    handler.close_connection = True
    handler.end_headers()
    for part in _parts(answer):
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)


def _parts(answer: HTTPResponse) -> Iterator[bytes]:
    try:
        while part := answer.read1(64 * 1024):
            yield part
    except (OSError, HTTPException):
        return
    if answer.length:
        return  # it promised more
    yield b""  # the last chunk, of no length, is the end
