"""Is the service on this machine ready, or alive: one request, as a container's health check makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aim_runtime.errors import InvalidValue, NotHealthy, ServiceUnreachable
from aim_runtime.settings import Settings

if TYPE_CHECKING:
    from http.client import HTTPConnection

# What a wildcard to listen on is reached at.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_OF_THE_ENGINE = "/health"
_MOST_BYTES = 65536


@dataclass(frozen=True)
class Question:
    """Where it is asked: `live` instead of ready, `tls` where the port speaks it."""

    host: str
    port: int
    path: str
    live: bool
    tls: bool = False

    @classmethod
    def by(cls, settings: Settings, *, live: bool) -> Question:
        """The question for the service that `settings` start: to its management port, or else the engine."""
        serving = settings.serving
        if not serving.management_port:
            return cls("127.0.0.1", settings.port, _OF_THE_ENGINE, live)
        host = serving.management_host
        return cls(_REACHED_AT.get(host, host), serving.management_port, _path(live), live)

    @classmethod
    def to(cls, url: str, *, live: bool) -> Question:
        """The question for the service at `url`. Raises InvalidValue where that is no URL."""
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidValue(f"--url {url} is not a URL", hint="as http://127.0.0.1:8001")
        tls = parts.scheme == "https"
        path = parts.path if parts.path.strip("/") else _path(live)
        return cls(parts.hostname, port or (443 if tls else 80), path, live, tls)

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"


def _path(live: bool) -> str:
    return f"/health/{'live' if live else 'ready'}"


def ask(question: Question, timeout_s: float) -> str:
    """Return `ready` or `live`, or raise NotHealthy with the reason, ServiceUnreachable without an answer."""
    from http.client import HTTPException  # the library takes as long to import as all the rest

    try:
        status, text = _get(question, timeout_s)
    except (OSError, HTTPException) as error:
        raise ServiceUnreachable(
            f"nothing answers at {question.url}: {error or type(error).__name__}",
            hint="has it been started, with the same AIM_MANAGEMENT_PORT and AIM_MANAGEMENT_HOST as here?",
        ) from error
    word = "live" if question.live else "ready"
    if status == 200:
        return word
    raise NotHealthy(_reason(text) or f"not {word}: {question.url} answered {status}")


def _get(question: Question, timeout_s: float) -> tuple[int, str]:
    from contextlib import closing

    with closing(_connection(question, timeout_s)) as connection:
        connection.request("GET", question.path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace")


def _connection(question: Question, timeout_s: float) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    if not question.tls:
        return HTTPConnection(question.host, question.port, timeout=timeout_s)
    from ssl import CERT_NONE, create_default_context

    # A certificate seldom names the loopback, and nothing secret is sent.
    trusting = create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, CERT_NONE
    return HTTPSConnection(question.host, question.port, timeout=timeout_s, context=trusting)


def _reason(text: str) -> str:
    """Why the management port says no; empty where another one answered."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("reason") or "") if isinstance(found, dict) else ""
