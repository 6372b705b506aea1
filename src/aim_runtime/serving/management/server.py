"""The management port's server: one thread a connection, bounded, closed with its block."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any

from aim_runtime.serving.management.about import About
from aim_runtime.serving.management.connections import Connections
from aim_runtime.serving.management.guard import is_loopback
from aim_runtime.serving.management.handler import Handler

_TIDY_S = 0.25


class Server(ThreadingHTTPServer):
    """Answers in threads that end with the process. Raises OSError where it cannot listen."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, about: About, tell: Callable[[str], None]) -> None:
        self.about = about
        self.connections = Connections()
        # By the loopback, names that are not its own come from a page that means no good (guard.py).
        self.names_checked = is_loopback(host)
        self._tell = tell
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family, address = found[0][0], found[0][4]
        super().__init__((str(address[0]), int(address[1])), Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_TIDY_S,), name="management", daemon=True
        )

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.connections.end()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host, port = self.server_address[:2]
        name = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(str(host), str(host))
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/"

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            # `::` is everything, the addresses of IPv4 included.
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Not by HTTPServer's own, which asks the name service who this machine is.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.remove(request)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        self.connections.tidy()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, OSError):  # a client that went away is none of our business
            self._tell(f"management port: {type(error).__name__}: {error}")
