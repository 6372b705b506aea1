"""The connections of the management port: so many and no more, each for so long and no longer."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

MOST = 64
# From the connection, or the end of the answer before, to the end of a request.
ASK_S = 15.0
# From there to the end of the answer, and of one that an engine writes.
ANSWER_S = 30.0
STREAM_S = 1800.0


class Connection:
    """One connection, what it is for at the moment, and by when that has to be over."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._engine: socket.socket | None = None
        self.begin(ASK_S)

    def begin(self, within_s: float) -> None:
        """What follows may take so long; also takes note that no engine writes any more."""
        self._engine = None
        self.began_s = time.monotonic()
        self._ends_s = self.began_s + within_s

    def stream_from(self, engine: socket.socket) -> None:
        """The answer is one that `engine` writes: to be ended with the client's connection."""
        self.begin(STREAM_S)
        self._engine = engine

    @property
    def streams(self) -> bool:
        return self._engine is not None

    def overdue(self, now_s: float) -> bool:
        return now_s > self._ends_s

    def client_gone(self) -> bool:
        """Whether the client closed: while nothing is written to it, nothing else would show it."""
        if self._client.fileno() < 0:
            return True
        # Not by recv with MSG_DONTWAIT: of a socket that has a timeout, Python waits for it all the same.
        watch = select.poll()
        watch.register(self._client, select.POLLRDHUP)
        return bool(watch.poll(0))

    def end(self) -> None:
        """Make whatever waits for this connection's sockets wake up and fail."""
        for each in (self._engine, self._client):
            if each is not None:
                # It may be closed by its own thread at this moment.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class Connections:
    """All of them. A new one always finds a place: the longest idle one has to leave for it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._open: dict[socket.socket, Connection] = {}
        self._lock = threading.Lock()

    def add(self, client: socket.socket) -> Connection:
        with self._lock:
            if len(self._open) >= self._most:
                # Streams are fewer than all (relay.MOST), so that there is one.
                waiting = [each for each in self._open.items() if not each[1].streams]
                oldest, connection = min(waiting, key=lambda each: each[1].began_s)
                connection.end()
                del self._open[oldest]
            found = self._open[client] = Connection(client)
            return found

    def of(self, client: socket.socket) -> Connection:
        """The connection of a socket; one that has just been ended is not among them any more."""
        with self._lock:
            return self._open.get(client) or Connection(client)

    def remove(self, client: socket.socket) -> None:
        with self._lock:
            self._open.pop(client, None)

    def tidy(self) -> None:
        """End what is overdue, and the streams that nobody reads."""
        now = time.monotonic()
        for each in self._all():
            if each.overdue(now) or (each.streams and each.client_gone()):
                each.end()

    def end(self) -> None:
        for each in self._all():
            each.end()

    def _all(self) -> list[Connection]:
        with self._lock:
            return list(self._open.values())
