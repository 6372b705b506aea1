"""A small ModelScope on the loopback: enough of its API for the real modelscope_hub.

    python tests/fakes/modelscope.py ROOT [--private] [--token T] [--most 3000] [--no-commit] [--hang] …

serves every ROOT/<org>/<model> folder as a repository with one branch, `master`, and prints its port as
the first line. Like the real one, it sends a small file itself and in one piece, whatever range is asked
for, and redirects to another address for weights; it lists no more than so many files at once, and says
nothing of the others. `GET /-/requests` answers with the requests so far.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

API = re.compile(r"/api/v1/models/([^/]+/[^/]+?)(/repo/files|/repo|/revisions)?")
BYTES = re.compile(r"bytes=(\d+)-(\d*)")
LARGE = (".safetensors", ".gguf", ".bin")


def entry(repository: Path, path: Path, commit: str) -> dict[str, object]:
    about = {"Path": path.relative_to(repository).as_posix(), "Name": path.name, "Revision": commit}
    if path.is_dir():
        return {**about, "Type": "tree", "Size": 0, "Sha256": ""}
    data = path.read_bytes()
    return {**about, "Type": "blob", "Size": len(data), "Sha256": hashlib.sha256(data).hexdigest()}


def commit_of(repository: Path) -> str:
    state = [
        (str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(repository.rglob("*"))
    ]
    return hashlib.sha1(json.dumps(state).encode()).hexdigest()


class Refused(Exception):
    """An answer that is an error, in the hub's own way of saying it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = (
            status,
            {"Code": code, "Message": message, "Success": False, "RequestId": "1"},
        )


class Hub(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.seen = options, list[str]()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: object) -> None:
        """Be quiet: the first line on stdout is the port, and nothing follows."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/-/requests":
            return self.answer(200, self.server.seen)
        self.server.seen.append(f"{self.command} {self.path}")
        if self.server.options.hang:
            threading.Event().wait()
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        try:
            if url.path == "/-/blob":
                return self.blob(self.server.options.root / query["path"])
            match = API.fullmatch(url.path)
            if match is None:
                raise Refused(404, 404, "not found")
            self.model(match[1], match[2] or "", query)
        except Refused as error:
            self.answer(error.status, error.body)

    do_HEAD = do_GET

    def model(self, name: str, kind: str, query: dict[str, str]) -> None:
        sent, token = self.headers.get("Authorization"), self.server.options.token
        if sent and sent != f"Bearer {token}":
            raise Refused(401, 10010103009, "AccessToken is invalid or expired")
        repository = self.server.options.root / name
        if not repository.is_dir() or (self.server.options.private and not sent):
            raise Refused(404, 10010205001, "the model does not exist")
        if self.server.options.refuse:
            raise Refused(403, 10010203001, "access denied")
        commit = commit_of(repository)
        if kind == "":
            return self.data({"Name": name})
        if kind == "/revisions":
            tags = [{"Revision": "v1.0", "CreatedAt": 1}]
            return self.data({"RevisionMap": {"Branches": [{"Revision": "master"}], "Tags": tags}})
        if query.get("Revision", "master") not in ("master", commit):
            raise Refused(404, 10010205003, "the revision does not exist")
        if kind == "/repo/files":
            return self.files(repository, commit, query)
        return self.file(repository, query["FilePath"])

    def files(self, repository: Path, commit: str, query: dict[str, str]) -> None:
        root = repository / query.get("Root", "")
        paths = sorted(root.rglob("*") if query.get("Recursive") == "True" else root.iterdir())
        shown = paths[: self.server.options.most]
        if self.server.options.no_commit:
            commit = ""
        return self.data(
            {
                "Files": [entry(repository, path, commit) for path in shown],
                # As the real one: the long form is empty, the short one is not.
                "LatestCommitter": {"Id": "", "ShortId": commit[:8]},
            }
        )

    def file(self, repository: Path, name: str) -> None:
        path = repository / name
        if not path.is_file():
            raise Refused(404, 10010205002, "the file does not exist")
        if path.name.endswith(LARGE):
            below = quote(str(path.relative_to(self.server.options.root)))
            return self.send(
                302, b"", {"Location": f"http://localhost:{self.server.server_port}/-/blob?path={below}"}
            )
        return self.send(200, path.read_bytes(), {"Content-Type": "application/octet-stream"})

    def blob(self, path: Path) -> None:
        if self.headers.get("Authorization") or self.headers.get("Cookie"):
            return self.answer(400, {"Message": "a token has no business here"})
        data = path.read_bytes()
        if path.name == self.server.options.corrupt:
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        part = BYTES.fullmatch(self.headers.get("Range", ""))
        if part is None:
            return self.send(200, data, {})
        start, end = int(part[1]), min(int(part[2] or len(data) - 1), len(data) - 1)
        return self.send(206, data[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def data(self, data: object) -> None:
        self.answer(200, {"Code": 200, "Success": True, "Message": "success", "Data": data})

    def answer(self, status: int, data: object) -> None:
        self.send(status, json.dumps(data).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path, help="holds the repositories: ROOT/<org>/<model>/")
    parser.add_argument("--token", default="ms-good", help="the one token that is accepted")
    parser.add_argument("--private", action="store_true", help="without a token there is nothing")
    parser.add_argument("--refuse", action="store_true", help="nobody may read anything")
    parser.add_argument("--most", type=int, default=3000, help="how many files one listing has at most")
    parser.add_argument("--no-commit", action="store_true", help="do not say which commit is listed")
    parser.add_argument("--corrupt", default="", help="change the last byte of this file on the way")
    parser.add_argument("--hang", action="store_true", help="accept connections and never answer")
    hub = Hub(parser.parse_args())
    print(hub.server_port, flush=True)
    hub.serve_forever()


if __name__ == "__main__":
    main()
