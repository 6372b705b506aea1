"""Requests as bytes: what is checked is what is on the wire, so nothing reads it for us."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from aim_runtime.validate.check import Failed

_SHOWN = 300


@dataclass(frozen=True)
class Reply:
    """One whole answer; `asked` is the method and path that it answers."""

    asked: str
    status: int
    content_type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body, cut for a message."""
        text = " ".join(self.body.decode("utf-8", "replace").split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

    def json(self) -> Any:
        """The body as JSON; raises Failed where it is none."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise Failed(f"{self.asked} answered bytes that are not UTF-8 at {error.start}") from error
        except ValueError as error:
            raise Failed(f"{self.asked} answered {self.status} and no JSON: {self.text}") from error

    def good(self) -> Any:
        """The same of an answer with status 200; raises Failed for another."""
        if self.status != 200:
            raise Failed(f"{self.asked} answered {self.status}: {self.text}")
        return self.json()


class Client:
    """Asks one service; every step of a request may take `timeout_s`. Raises Failed where none answers."""

    def __init__(self, url: str, key: str | None, timeout_s: float) -> None:
        self.url, self.timeout_s = url, timeout_s
        self._parts = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, timeout_s: float | None = None) -> Reply:
        return self._ask("GET", path, None, timeout_s)

    def post(self, path: str, body: Mapping[str, Any], timeout_s: float | None = None) -> Reply:
        return self._ask("POST", path, body, timeout_s)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, timeout_s: float | None) -> Reply:
        asked = f"{method} {path}"
        with _told(asked, timeout_s or self.timeout_s), closing(self._connection(timeout_s)) as connection:
            answer = self._send(connection, method, path, body)
            return Reply(asked, answer.status, answer.headers.get("Content-Type", ""), answer.read())

    @contextmanager
    def open(self, path: str, body: Mapping[str, Any]) -> Iterator[tuple[Reply, Iterator[bytes]]]:
        """Ask for a stream: its head, and its lines as they come. Leaving the block closes the connection.

        An answer other than 200 is read whole, into the head.
        """
        asked = f"POST {path}"
        with closing(self._connection(None)) as connection:
            with _told(asked, self.timeout_s):
                answer = self._send(connection, "POST", path, {**body, "stream": True})
                rest = b"" if answer.status == 200 else answer.read()
            head = Reply(asked, answer.status, answer.headers.get("Content-Type", ""), rest)
            # The response holds the socket too: both must go for the service to see that we went.
            with closing(answer):
                yield head, self._lines(asked, answer)

    def _lines(self, asked: str, answer: HTTPResponse) -> Iterator[bytes]:
        while True:
            with _told(f"the stream of {asked}", self.timeout_s):
                line = answer.readline()
            if not line:
                return
            yield line

    def _connection(self, timeout_s: float | None) -> HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        waits = timeout_s or self.timeout_s
        if self._parts.scheme == "https":
            return HTTPSConnection(host, port, timeout=waits, context=ssl.create_default_context())
        return HTTPConnection(host, port, timeout=waits)

    def _send(
        self, connection: HTTPConnection, method: str, path: str, body: Mapping[str, Any] | None
    ) -> HTTPResponse:
        if body is None:
            connection.request(method, self._parts.path + path, headers=self._headers)
        else:
            headers = {**self._headers, "Content-Type": "application/json"}
            # Not ASCII with escapes: what clients send is UTF-8.
            text = json.dumps(body, ensure_ascii=False)
            connection.request(method, self._parts.path + path, text.encode(), headers)
        return connection.getresponse()


@contextmanager
def _told(asked: str, timeout_s: float) -> Iterator[None]:
    """Word what keeps a request from its answer."""
    try:
        yield
    except TimeoutError as error:
        raise Failed(
            f"{asked}: no answer within {timeout_s:g} s",
            "look at the service's log; --timeout gives a slow one more time",
        ) from error
    except (OSError, HTTPException) as error:
        raise Failed(
            f"{asked}: {error or type(error).__name__}", "look whether the service still runs, and at its log"
        ) from error
