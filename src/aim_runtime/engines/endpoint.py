"""Where a running engine answers, and one request to it."""

from __future__ import annotations

import ssl
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from aim_runtime.engines.certificate import Certificate


@dataclass(frozen=True)
class Probe:
    """A request that costs next to nothing: a POST of `body`, which is JSON."""

    path: str
    body: str


@dataclass(frozen=True)
class Endpoint:
    """An engine on this machine: its port, whether it speaks TLS, and the key that it asks for.

    `shows` is the certificate for an engine that asks its clients for one.
    """

    port: int
    tls: bool = False
    api_key: str | None = field(default=None, repr=False)
    shows: Certificate | None = None

    def connect(self, timeout_s: float) -> HTTPConnection:
        """Return a connection that is not opened yet. Raises OSError for a certificate that is gone."""
        if not self.tls:
            return HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        # Whom the certificate names is the clients' affair: here it is known who listens.
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        if self.shows:
            self.shows.present(trusting)
        return HTTPSConnection("127.0.0.1", self.port, timeout=timeout_s, context=trusting)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def ask(
        self, path: str, timeout_s: float, *, method: str = "GET", body: str | None = None
    ) -> tuple[int, str] | None:
        """Return status and text of the answer; None when there was none within `timeout_s` a step."""
        headers = self.headers | ({"Content-Type": "application/json"} if body else {})
        try:
            with closing(self.connect(timeout_s)) as connection:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, HTTPException):
            return None
