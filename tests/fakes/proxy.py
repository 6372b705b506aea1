"""A proxy as companies have them: `python tests/fakes/proxy.py [--user NAME:PASSWORD]`.

Prints its port as the first line. It passes on plain requests with whole addresses and opens tunnels for
CONNECT, everything to the loopback; `GET /-/requests` of its own says what it was asked for.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, user: str) -> None:
        self.user, self.requests = user, list[str]()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        """Be quiet."""

    def refused(self) -> bool:
        wanted = "Basic " + base64.b64encode(self.server.user.encode()).decode()
        if not self.server.user or self.headers.get("Proxy-Authorization") == wanted:
            return False
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def do_CONNECT(self) -> None:
        self.server.requests.append(f"CONNECT {self.path}")
        if self.refused():
            return
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(there, self.connection), daemon=True)
            back.start()
            pump(self.connection, there)
        self.close_connection = True

    def do_GET(self) -> None:
        if self.path == "/-/requests":
            return self.answer(200, json.dumps(self.server.requests).encode(), {})
        self.server.requests.append(f"GET {self.path}")
        if self.refused():
            return None
        url = urlsplit(self.path)
        there = http.client.HTTPConnection("127.0.0.1", url.port or 80)
        headers = {name: value for name, value in self.headers.items() if not name.startswith("Proxy-")}
        there.request("GET", url.path, headers=headers)
        answer = there.getresponse()
        kept = {name: value for name, value in answer.headers.items() if name in ("ETag", "Content-Range")}
        self.answer(answer.status, answer.read(), kept)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def pump(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--user", default="", help="NAME:PASSWORD that a client must give")
    proxy = Proxy(parser.parse_args().user)
    print(proxy.server_port, flush=True)
    proxy.serve_forever()
