"""A web server with faults, and what it has as a source would list it."""

from __future__ import annotations

import hashlib
import json
import random
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aim_runtime.errors import AccessDenied
from aim_runtime.models.events import Event, Notice
from aim_runtime.models.transfer.download import download
from aim_runtime.models.transfer.http import Address, HttpConnection
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile, Snapshot
from integration.models.programs import fake


@dataclass(frozen=True)
class Origin:
    """A source that needs a token, which it keeps to itself."""

    headers: Mapping[str, str]

    def address(self, file: RemoteFile) -> Address:
        return Address(file.at, self.headers)

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        return AccessDenied(f"{file.name}: HTTP status {status}, {body.decode()}")


@dataclass
class FileServer:
    """A running tests/fakes/files.py."""

    endpoint: str
    root: Path
    notices: list[str] = field(default_factory=list)

    def write(self, name: str, size_bytes: int, seed: int = 0) -> bytes:
        data = random.Random(f"{name}{seed}").randbytes(size_bytes)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return data

    def list(
        self,
        *,
        digests: bool = True,
        environment: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        divisible: bool = True,
    ) -> Snapshot:
        files = []
        for path in sorted(path for path in self.root.rglob("*") if path.is_file()):
            name = path.relative_to(self.root).as_posix()
            with path.open("rb") as file:
                digest = Digest(Algorithm.SHA256, hashlib.file_digest(file, "sha256").hexdigest())
            etag, size_bytes = f'"{path.stat().st_mtime_ns:x}"', path.stat().st_size
            url = f"{self.endpoint}/{name}"
            files.append(RemoteFile(name, size_bytes, url, etag, digest if digests else None, divisible))
        origin, around = Origin(headers or {}), environment or {}
        return Snapshot("r1", tuple(files), lambda: HttpConnection(origin, around))

    def fetch(self, into: Path, snapshot: Snapshot | None = None) -> Mapping[str, str]:
        self.notices.clear()

        def report(event: Event) -> None:
            if isinstance(event, Notice):
                self.notices.append(event.text)

        return download(snapshot or self.list(), into, report, what="org/m")

    @property
    def about(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.endpoint}/-/requests") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    @property
    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.about["requests"]
        return found

    @property
    def sent_bytes(self) -> int:
        return sum(request["sent"] for request in self.requests)


StartFiles = Callable[..., FileServer]


@contextmanager
def files_at(root: Path, *switches: str) -> Iterator[FileServer]:
    """Run a server of the files below `root`."""
    root.mkdir(exist_ok=True)
    with fake("files", str(root), *switches) as port:
        yield FileServer(f"http://127.0.0.1:{port}", root)


def same(folder: Path, root: Path) -> bool:
    """Whether the folder holds exactly the server's files."""

    def contents(where: Path) -> dict[str, bytes]:
        return {
            path.relative_to(where).as_posix(): path.read_bytes()
            for path in where.rglob("*")
            if path.is_file()
        }

    return contents(folder) == contents(root)
