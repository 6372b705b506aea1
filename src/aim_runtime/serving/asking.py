"""How the watchdog asks an engine: one connection that is kept, one small request that is waited for."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException

from aim_runtime.engines.endpoint import Endpoint, Probe

_LATER = 429


def _own_port(connection: HTTPConnection) -> int | None:
    """The port that a connection has at this end; None while it is not open."""
    with contextlib.suppress(OSError):
        return int(connection.sock.getsockname()[1]) if connection.sock else None
    return None


class Kept:
    """One connection for all questions, opened when one is asked."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint = endpoint
        self._connection = endpoint.connect(timeout_s)
        self._given_up = False

    def ask(self, path: str) -> tuple[int, str] | None:
        """Return status and text of the answer; None when there was none in time."""
        was_open = self._connection.sock is not None
        try:
            return self._ask(path)
        except TimeoutError:
            self._connection.close()
            return None
        except (OSError, HTTPException):
            self._connection.close()
        if not was_open or self._given_up:
            return None
        try:  # the server had closed it meanwhile, which is its right
            return self._ask(path)
        except (OSError, HTTPException):
            self._connection.close()
            return None

    def _ask(self, path: str) -> tuple[int, str]:
        self._connection.request("GET", path, headers=self._endpoint.headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    @property
    def port(self) -> int | None:
        return _own_port(self._connection)

    def give_up(self) -> None:
        """End a question that another thread waits for: the only thing here that is for other threads."""
        self._given_up = True
        there = self._connection.sock
        with contextlib.suppress(OSError):  # closed meanwhile
            if there:
                there.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._connection.close()


class Probing:
    """One small piece of work asked of the engine at a time; looking whether it is done never waits long.

    A probe that is not answered stays: a second one would only join the first in the engine's queue.
    """

    def __init__(self, endpoint: Endpoint, probes: Sequence[Probe], timeout_s: float) -> None:
        self._endpoint = endpoint
        self._left = list(probes)
        self._timeout_s = timeout_s
        self._connection: HTTPConnection | None = None

    @property
    def possible(self) -> bool:
        """Whether there is a request that the engine may take."""
        return bool(self._left)

    @property
    def under_way(self) -> bool:
        return self._connection is not None

    @property
    def port(self) -> int | None:
        return _own_port(self._connection) if self._connection else None

    def ask(self) -> None:
        """Send one, unless one is under way or none is possible."""
        if self.under_way or not self.possible:
            return
        self._connection = self._endpoint.connect(self._timeout_s)
        probe = self._left[0]
        headers = {**self._endpoint.headers, "Content-Type": "application/json"}
        try:
            self._connection.request("POST", probe.path, probe.body, headers)
        except (OSError, HTTPException):
            self.close()

    def done(self) -> bool:
        """Whether the engine has done what it was asked; one that refuses the request is asked another."""
        if self._connection is None or self._connection.sock is None:
            return False
        if not select.select([self._connection.sock], [], [], 0)[0]:
            return False
        try:
            status = self._connection.getresponse().status
        except (OSError, HTTPException):
            status = 0
        self.close()
        # Refused by the HTTP server, which the engine never heard of; with 429 only for now.
        if 400 <= status < 500 and status != _LATER:
            del self._left[0]
            self.ask()
        return status == 200

    def close(self) -> None:
        """Give up what is under way."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
