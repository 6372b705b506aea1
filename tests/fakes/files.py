"""A web server of plain files that can be as bad as the real ones: for tests of the byte mover.

    python tests/fakes/files.py ROOT [--drop-after 100000 --drops 3] [--stall-after …] [--status 503 …] …

prints its port as the first line. It knows ranges and If-Match; the ETag follows the file. `GET
/-/requests` answers with what was asked and how many bytes of it were sent.
"""

from __future__ import annotations

import argparse
import json
import re
import ssl
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

BYTES = re.compile(r"bytes=(\d+)-(\d+)")
PIECE = 64 * 1024


class Files(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.lock = threading.Lock()
        self.requests: list[dict[str, object]] = []
        self.at_once = self.most_at_once = 0
        super().__init__(("127.0.0.1", options.port), Handler)
        if options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*options.tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def spend(self, budget: str) -> bool:
        """Whether a fault is due: each happens so many times (-1: always)."""
        with self.lock:
            left = getattr(self.options, budget)
            setattr(self.options, budget, left - 1 if left > 0 else left)
            return left != 0

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what many of the tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Files

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/-/requests":
            about = {"requests": self.server.requests, "most_at_once": self.server.most_at_once}
            return self.answer(200, json.dumps(about).encode())
        record: dict[str, object] = {
            "path": path,
            "range": self.headers.get("Range"),
            "if_match": self.headers.get("If-Match"),
            "authorization": self.headers.get("Authorization"),
            "host": self.headers.get("Host"),
            "sent": 0,
        }
        with self.server.lock:
            self.server.requests.append(record)
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        try:
            self.serve(path, record)
        finally:
            with self.server.lock:
                self.server.at_once -= 1

    def serve(self, path: str, record: dict[str, object]) -> None:
        options = self.server.options
        if options.redirect and not path.startswith("/elsewhere/"):
            port, host = self.server.server_port, options.redirect
            return self.answer(
                302, b"", {"Location": f"http://{host}:{port}/elsewhere{self.path}?signature=1"}
            )
        path = path.removeprefix("/elsewhere")
        if options.statuses and self.server.spend("statuses"):
            later = {"Retry-After": str(options.retry_after)} if options.retry_after else {}
            return self.answer(options.status, b"not now", later)
        file = options.root / path.lstrip("/")
        if not file.is_file():
            return self.answer(404, b"no such file")
        about = file.stat()
        data, etag = contents(file, about.st_mtime_ns, about.st_size), f'"{about.st_mtime_ns:x}"'
        if self.headers.get("If-Match") not in (None, etag):
            return self.answer(412, b"changed")
        if path.lstrip("/") == options.corrupt and self.server.spend("corrupts"):
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        self.bytes_of(data, etag, record)

    def bytes_of(self, data: bytes, etag: str, record: dict[str, object]) -> None:
        options, wanted = self.server.options, BYTES.fullmatch(self.headers.get("Range", ""))
        headers, status, body = {"ETag": etag}, 200, data
        if wanted and not options.no_ranges:
            start, stop = int(wanted[1]), min(int(wanted[2]) + 1, len(data))
            if options.shift_range and self.server.spend("shifts"):
                start, stop = start + 1, stop + 1
            stop = min(stop + options.too_many, len(data))
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
            body, status = data[start:stop], 200 if options.odd_status else 206
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        limit = self.limit(len(body))
        for at in range(0, limit, PIECE):
            piece = body[at : min(at + PIECE, limit)]
            self.wfile.write(piece)
            record["sent"] = int(str(record["sent"])) + len(piece)
            if options.rate:
                time.sleep(len(piece) / options.rate)
        if limit < len(body):
            self.close_connection = True
            if options.stall_after:
                threading.Event().wait(options.stall_s)

    def limit(self, length: int) -> int:
        """After how many bytes something happens to this answer."""
        options = self.server.options
        for after, budget in ((options.drop_after, "drops"), (options.stall_after, "stalls")):
            if after and after < length and self.server.spend(budget):
                return int(after)
        return length

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@lru_cache(maxsize=4)
def contents(file: Path, _version: int, size_bytes: int) -> bytes:
    """What the file was when it had that size: the clock of a file system stands still for milliseconds,
    in which one that is being written has many sizes."""
    with file.open("rb") as opened:
        return opened.read(size_bytes)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--rate", type=int, default=0, help="bytes per second and connection; 0: no limit")
    parser.add_argument("--drop-after", type=int, default=0, help="end the connection after so many bytes")
    parser.add_argument("--drops", type=int, default=-1)
    parser.add_argument("--stall-after", type=int, default=0, help="send no more after so many bytes")
    parser.add_argument("--stalls", type=int, default=-1)
    parser.add_argument("--stall-s", type=float, default=60.0)
    parser.add_argument("--status", type=int, default=503, help="answer with this instead")
    parser.add_argument("--statuses", type=int, default=0)
    parser.add_argument("--retry-after", default="")
    parser.add_argument("--corrupt", default="", help="change the last byte of this file on the way")
    parser.add_argument("--corrupts", type=int, default=-1)
    parser.add_argument("--no-ranges", action="store_true", help="send whole files, whatever is asked for")
    parser.add_argument("--odd-status", action="store_true", help="200 for a range, as rclone does")
    parser.add_argument("--shift-range", action="store_true", help="send another range than was asked for")
    parser.add_argument("--shifts", type=int, default=-1)
    parser.add_argument("--too-many", type=int, default=0, help="send so many bytes more than asked for")
    parser.add_argument("--redirect", default="", help="to this name of the loopback, without credentials")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    files = Files(parser.parse_args())
    print(files.server_port, flush=True)
    files.serve_forever()


if __name__ == "__main__":
    main()
