"""A small OCI registry on the loopback: for what a real one does only when something is wrong.

    python tests/fakes/registry.py ROOT [--tokens] [--login USER:PASSWORD] [--token-uses N] [--hang] …

serves the repositories below ROOT, `ROOT/<name>/manifests/<tag or digest>` and `ROOT/<name>/blobs/<digest>`,
and prints its port as the first line. `GET /-/requests` answers with the requests so far.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_PATH = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags)/(?P<reference>[^/]+)")
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class Registry(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.seen: list[str] = []
        self.lock = threading.Lock()
        self.uses: dict[str, int] = {}
        self.numbers = itertools.count(1)
        super().__init__(("127.0.0.1", options.port), Handler)

    def new_token(self) -> str:
        with self.lock:
            token = f"token-{next(self.numbers)}"
            self.uses[token] = self.options.token_uses
        return token

    def use(self, token: str) -> bool:
        """Whether a token is good, for once more."""
        with self.lock:
            left = self.uses.get(token, 0)
            self.uses[token] = left - 1
        return left > 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.seen.append(f"POST {self.path} {fields['grant_type'][0]}")
        if fields["refresh_token"] != [self.server.options.identity]:
            return self.refuse(401, "UNAUTHORIZED")
        return self.answer({"access_token": self.server.new_token()})

    def do_GET(self) -> None:
        url, options = urlsplit(self.path), self.server.options
        if url.path == "/-/requests":
            return self.answer(self.server.seen)
        self.server.seen.append(f"GET {url.path}")
        if options.hang:
            threading.Event().wait()
        if options.status:
            return self.refuse(options.status, "UNKNOWN")
        if url.path == "/token":
            return self.token()
        if options.tokens and not self.server.use(self.bearer()):
            realm = options.realm or f"http://{self.headers['Host']}/token"
            challenge = f'Bearer realm="{realm}",service="fake",scope="repository:x:pull"'
            return self.refuse(401, "UNAUTHORIZED", challenge)
        match = _PATH.fullmatch(url.path)
        folder = self.server.options.root / match["name"] if match else None
        if match is None or folder is None or not folder.is_dir():
            return self.refuse(404, "NAME_UNKNOWN")
        if match["kind"] == "tags":
            tags = [path.name for path in sorted((folder / "manifests").iterdir()) if ":" not in path.name]
            return self.answer({"name": match["name"], "tags": tags})
        return self.content(match["kind"], folder / match["kind"] / match["reference"])

    def token(self) -> None:
        login = self.server.options.login
        sent = self.headers.get("Authorization")
        if login and sent is not None:
            if sent != "Basic " + base64.b64encode(login.encode()).decode():
                return self.refuse(401, "UNAUTHORIZED")
            return self.answer({"token": self.server.new_token()})
        # As the hosted ones do: everybody gets a token, and this one opens nothing.
        return self.answer({"token": "anonymous" if login else self.server.new_token()})

    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def content(self, kind: str, path: Path) -> None:
        if not path.is_file():
            return self.refuse(404, f"{kind[:-1].upper()}_UNKNOWN")
        body, options = path.read_bytes(), self.server.options
        if kind == "manifests":
            named = f"sha256:{hashlib.sha256(body).hexdigest()}"
            if options.lie:
                body += b" "
            media_type = options.media_type or json.loads(body).get("mediaType", "")
            return self.send(200, body, {"Content-Type": media_type, "Docker-Content-Digest": named})
        if options.corrupt:
            body = body[:-1] + bytes([body[-1] ^ 0xFF])
        if options.longer:
            body += b"x"
        part = _RANGE.fullmatch(self.headers.get("Range", ""))
        if part is None:
            return self.send(200, body, {})
        start, stop = int(part[1]), min(int(part[2]) + 1, len(body))
        return self.send(206, body[start:stop], {"Content-Range": f"bytes {start}-{stop - 1}/{len(body)}"})

    def refuse(self, status: int, code: str, challenge: str = "") -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self.send(status, body, {"WWW-Authenticate": challenge} if challenge else {})

    def answer(self, data: object) -> None:
        self.send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path, help="holds the repositories")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--tokens", action="store_true", help="want a token for everything")
    parser.add_argument("--login", default="", help="USER:PASSWORD that get one; without it everybody does")
    parser.add_argument("--identity", default="", help="the identity token that gets one")
    parser.add_argument("--token-uses", type=int, default=1000, help="requests until a token has expired")
    parser.add_argument("--realm", default="", help="say that tokens are there")
    parser.add_argument("--hang", action="store_true", help="accept connections and never answer")
    parser.add_argument("--status", type=int, default=0, help="answer everything with this status")
    parser.add_argument("--media-type", default="", help="what all manifests are said to be")
    parser.add_argument("--lie", action="store_true", help="send other manifests than those named")
    parser.add_argument("--corrupt", action="store_true", help="change the last byte of every blob")
    parser.add_argument("--longer", action="store_true", help="send blobs that are longer than said")
    registry = Registry(parser.parse_args())
    print(registry.server_port, flush=True)
    registry.serve_forever()


if __name__ == "__main__":
    main()
