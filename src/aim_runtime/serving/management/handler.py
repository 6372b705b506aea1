"""One connection of the management port: requests in, answers out, whatever a client sends."""

from __future__ import annotations

from http import HTTPStatus
from http.client import LineTooLong
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit

from aim_runtime.serving.management.answer import Answer, refusal
from aim_runtime.serving.management.connections import ANSWER_S, ASK_S
from aim_runtime.serving.management.guard import foreign_host
from aim_runtime.serving.management.paths import PATHS, TRY
from aim_runtime.serving.management.relay import relay

if TYPE_CHECKING:
    from aim_runtime.serving.management.server import Server

# The first line and the headers of a request; the library's own limit is 6 MiB.
_HEAD_BYTES = 16 * 1024
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class _Head:
    """Reads the head of a request, as far as a head may go."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.left = _HEAD_BYTES

    def readline(self, size: int) -> bytes:
        line = self._stream.readline(min(size, self.left + 1))
        self.left -= len(line)
        if self.left < 0:
            raise LineTooLong("head")
        return line

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1: a page that asks every second keeps its connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = ANSWER_S
    server: Server

    def setup(self) -> None:
        super().setup()
        self._head = _Head(self.rfile)
        self.rfile: Any = self._head
        self.held = self.server.connections.of(self.connection)

    def handle_one_request(self) -> None:
        self._head.left = _HEAD_BYTES
        self.command, self.requestline, self.request_version = "", "", "HTTP/1.0"
        try:
            super().handle_one_request()
        except LineTooLong:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        self.held.begin(ASK_S)

    def _get(self) -> None:
        self.held.begin(ANSWER_S)
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body that is not read would be taken for the next request
        asked = urlsplit(self.path)
        path, allowed = PATHS.get(asked.path), _allowed(asked.path)
        if self.server.names_checked and (name := foreign_host(self.headers.get("Host", ""))):
            self.answer(_not_by(name))
        elif not allowed:
            known = sorted([*PATHS, TRY])
            self.answer(refusal(404, f"{asked.path}: there is no such path", paths=known))
        elif self.command not in allowed:
            answer = refusal(405, f"{asked.path} takes {', '.join(allowed)}, not {self.command}")
            self.answer(Answer(405, answer.body, headers={"Allow": ", ".join(allowed)}))
        elif path:
            query = dict(parse_qsl(asked.query, keep_blank_values=True))
            self.answer(path(self.server.about, query))
        else:
            relay(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _get

    def answer(self, answer: Answer) -> None:
        """Send it, without what is secret in it; without its body where only the head was asked for."""
        text = answer.body if answer.ours else self.server.about.redacted(answer.body)
        body = text.encode("utf-8", "replace")
        if self.command == "POST":
            self.close_connection = True  # what it sent may not have been read
        self.send_response(answer.status)
        headers = {
            "Content-Type": answer.kind,
            "Content-Length": str(len(body)),
            **_HEADERS,
            **answer.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say what the library refuses, in our own shape."""
        self.close_connection = True
        self.answer(refusal(int(code), message or HTTPStatus(code).phrase))

    def version_string(self) -> str:
        return "aim-runtime"

    def log_message(self, format: str, *args: Any) -> None:
        """Probes come every few seconds: nothing is logged."""


def _allowed(path: str) -> tuple[str, ...]:
    """The methods of a path; empty where there is no such path."""
    if path in PATHS:
        return ("GET", "HEAD")
    return ("POST",) if path == TRY else ()


def _not_by(name: str) -> Answer:
    return refusal(
        421,
        f"this port is of this machine alone, and is not answered by the name {name}",
        "use http://localhost, or set AIM_MANAGEMENT_HOST=0.0.0.0 to serve it to others",
    )
