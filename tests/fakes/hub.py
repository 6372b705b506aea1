"""A small Hugging Face hub on the loopback: enough of the protocol for the real huggingface_hub.

    python tests/fakes/hub.py ROOT [--port 0] [--gated] [--token T] [--refuse] [--hang] …

serves every ROOT/<org>/<model> folder as a repository with one branch, `main`, and prints its port as
the first line. `GET /-/requests` answers with the requests so far, which is how a test counts them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import struct
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = re.compile(r"[0-9a-f]{40}")
MODEL = re.compile(r"/api/models/([^/]+/[^/]+?)(?:/(revision|tree)/(.+?))?/?")
FILE = re.compile(r"(?:/cdn)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
BYTES = re.compile(r"bytes=(\d+)-(\d*)")


def write_model(folder: Path, *, shards: int = 1, payload_bytes: int = 64) -> Path:
    """Write the smallest folder that is a whole model: a config, a tokenizer, safetensors and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (folder / "tokenizer.json").write_text("{}")
    names = {f"t{n}": f"model-{n + 1:05}-of-{shards:05}.safetensors" for n in range(shards)}
    if shards == 1:
        names = {"t0": "model.safetensors"}
    else:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    for tensor, name in names.items():
        tensors = {tensor: {"dtype": "U8", "shape": [payload_bytes], "data_offsets": [0, payload_bytes]}}
        header = json.dumps(tensors).encode()
        (folder / name).write_bytes(
            struct.pack("<Q", len(header)) + header + tensor.encode()[:1] * payload_bytes
        )
    return folder


@cache
def described(path: Path, version: tuple[int, int]) -> dict[str, object]:
    """Describe one file as the hub does; `version` keeps the cache honest."""
    size, blob, large = path.stat().st_size, hashlib.sha1(), hashlib.sha256()
    blob.update(b"blob %d\0" % size)
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            blob.update(data)
            large.update(data)
    about: dict[str, object] = {"type": "file", "size": size, "oid": blob.hexdigest()}
    if path.suffix in (".safetensors", ".bin", ".gguf"):
        about["lfs"] = {"oid": large.hexdigest(), "size": size, "pointerSize": 134}
    return about


def tree(repository: Path) -> list[dict[str, object]]:
    return [
        {"path": path.relative_to(repository).as_posix(), **described(path, _version(path))}
        for path in sorted(repository.rglob("*"))
        if path.is_file()
    ]


def _version(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.stat().st_mtime_ns


def commit_of(repository: Path) -> str:
    return hashlib.sha1(json.dumps(tree(repository)).encode()).hexdigest()


class Hub(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.seen: list[str] = []
        self.signatures: dict[str, int] = {}
        super().__init__(("127.0.0.1", options.port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some of the tests are about."""


class Refused(Exception):
    """An answer that is an error, in the hub's way of saying which."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Hub

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/-/requests":
            return self.answer(self.server.seen)
        self.server.seen.append(f"{self.command} {path}")
        if self.server.options.hang:
            threading.Event().wait()
        try:
            if path == "/api/whoami-v2":
                self.whoami()
            elif match := MODEL.fullmatch(path):
                self.model(*match.groups())
            elif match := FILE.fullmatch(path):
                self.file(*match.groups())
            else:
                raise Refused(404)
        except Refused as error:
            self.refuse(error)

    def whoami(self) -> None:
        self.check_token()
        if not self.headers.get("Authorization"):
            raise Refused(401, "", "Invalid user token")
        self.answer({"type": "user", "name": "jane", "auth": {"type": "access_token"}})

    def model(self, name: str, kind: str | None, revision: str | None) -> None:
        self.check_token()
        repository, commit = self.repository(name, revision)
        if kind == "tree":
            return self.answer(tree(repository))
        files = [
            {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"], **sha256(entry)}
            for entry in tree(repository)
        ]
        gated = "manual" if self.server.options.gated else False
        return self.answer(
            {"id": name, "sha": commit, "private": False, "gated": gated, "tags": [], "siblings": files}
        )

    def file(self, name: str, revision: str, path: str) -> None:
        by_cdn = self.path.startswith("/cdn/")
        if by_cdn:
            self.check_signature()
        else:
            self.check_token()
            self.check_gate(name)
        repository, commit = self.repository(name, revision)
        about = next((entry for entry in tree(repository) if entry["path"] == path), None)
        if about is None:
            raise Refused(404, "EntryNotFound", "Entry not found")
        lfs = about.get("lfs")
        etag = lfs["oid"] if isinstance(lfs, dict) else about["oid"]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        if self.server.options.cdn and isinstance(lfs, dict) and not by_cdn:
            about_it = {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(about["size"]), **headers}
            return self.send(302, b"", {**about_it, "Location": self.signed(self.path)})
        size = int(str(about["size"]))
        part = BYTES.fullmatch(self.headers.get("Range", ""))
        start, end = (int(part[1]), min(int(part[2] or size - 1), size - 1)) if part else (0, size - 1)
        if part:
            headers["Content-Range"] = f"bytes {start}-{end}/{size}"
        status, options = 206 if part else 200, self.server.options
        if path != options.corrupt and not options.rate:
            return self.send_file(status, repository / path, start, end + 1, headers)
        data = (repository / path).read_bytes()
        if path == options.corrupt:
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        return self.send(status, data[start : end + 1], headers)

    def send_file(self, status: int, path: Path, start: int, stop: int, headers: dict[str, str]) -> None:
        """By the kernel: a hub in Python is no slower than a client of it then."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(stop - start)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        if self.command == "HEAD":
            return
        with path.open("rb") as file:
            while start < stop:
                start += os.sendfile(
                    self.connection.fileno(), file.fileno(), start, min(stop - start, 1 << 22)
                )

    def signed(self, path: str) -> str:
        """An address at another host, good for so many requests."""
        signature = str(len(self.server.signatures))
        self.server.signatures[signature] = self.server.options.cdn
        return f"http://localhost:{self.server.server_port}/cdn{path}?signature={signature}"

    def check_signature(self) -> None:
        signature = urlsplit(self.path).query.removeprefix("signature=")
        if self.headers.get("Authorization"):
            raise Refused(400, "", "Only one auth mechanism allowed")
        left = self.server.signatures.get(signature, 0)
        if left < 1:
            raise Refused(403, "", "Request has expired")
        self.server.signatures[signature] = left - 1

    def check_token(self) -> None:
        sent, token = self.headers.get("Authorization"), self.server.options.token
        if sent and sent != f"Bearer {token}":
            raise Refused(401, "", "Invalid credentials in Authorization header")

    def check_gate(self, name: str) -> None:
        # Like the real one: everybody may read about a gated repository, and only its files are closed.
        if not self.server.options.gated:
            return
        if not self.headers.get("Authorization"):
            raise Refused(401, "GatedRepo", f"Access to model {name} is restricted. Please log in.")
        if self.server.options.refuse:
            raise Refused(403, "GatedRepo", f"Access to model {name} is restricted: ask for access.")

    def repository(self, name: str, revision: str | None) -> tuple[Path, str]:
        repository = self.server.options.root / name
        if not repository.is_dir() or ".." in name:
            raise Refused(
                404 if self.headers.get("Authorization") else 401, "RepoNotFound", "Repository not found"
            )
        commit = commit_of(repository)
        if revision not in (None, "main", commit):
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return repository, commit

    def refuse(self, error: Refused) -> None:
        headers = {"X-Error-Code": error.code, "X-Error-Message": error.message}
        self.send(
            error.status,
            json.dumps({"error": error.message}).encode(),
            {k: v for k, v in headers.items() if v},
        )

    def answer(self, data: object) -> None:
        self.send(200, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        step = self.server.options.rate // 20 or len(body) or 1
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if self.server.options.rate:
                time.sleep(0.05)


def sha256(entry: dict[str, object]) -> dict[str, object]:
    lfs = entry.get("lfs")
    if not isinstance(lfs, dict):
        return {}
    return {"lfs": {"sha256": lfs["oid"], "size": lfs["size"], "pointerSize": lfs["pointerSize"]}}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path, help="holds the repositories: ROOT/<org>/<model>/")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--token", default="hf_good", help="the one token that is accepted")
    parser.add_argument("--gated", action="store_true", help="files need the token")
    parser.add_argument("--refuse", action="store_true", help="the token's owner was not granted access")
    parser.add_argument("--hang", action="store_true", help="accept connections and never answer")
    parser.add_argument("--rate", type=int, default=0, help="bytes per second and connection; 0: no limit")
    parser.add_argument("--corrupt", default="", help="change the last byte of this file on the way")
    parser.add_argument(
        "--cdn", type=int, default=0, help="large files are at another host, by addresses good for N requests"
    )
    hub = Hub(parser.parse_args())
    print(hub.server_port, flush=True)
    hub.serve_forever()


if __name__ == "__main__":
    main()
