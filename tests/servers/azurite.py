"""Azurite: Azure Blob Storage on the loopback. https://github.com/Azure/Azurite"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

from servers import free_port, program, running

ACCOUNT = "devstoreaccount1"
# The one that every Azurite has, and its documentation prints.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_VERSION = "2021-08-06"


@dataclass(frozen=True)
class AzureStore:
    """A running store; `environment` is what a user would set to reach it."""

    port: int
    scheme: str = "az"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{self.port}",
        }

    def make(self, container: str) -> None:
        self._put(f"/{ACCOUNT}/{container}", "restype=container", b"", {})

    def put(self, container: str, key: str, data: bytes) -> None:
        path = f"/{ACCOUNT}/{container}/{quote(key).replace('..', '%2E%2E')}"
        self._put(path, "", data, {"x-ms-blob-type": "BlockBlob"})

    def _put(self, path: str, query: str, data: bytes, more: dict[str, str]) -> None:
        """Sign and send one request: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""
        headers = {**more, "x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        length = str(len(data)) if data else ""
        resource = f"/{ACCOUNT}{path}" + (f"\n{query.replace('=', ':')}" if query else "")
        text = f"PUT\n\n\n{length}\n\n\n\n\n\n\n\n\n{named}{resource}"
        signature = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(signature).decode()}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("PUT", f"{path}?{query}" if query else path, data, headers)
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
        finally:
            connection.close()


@contextmanager
def azure_store(folder: Path) -> Iterator[AzureStore]:
    """Run one that forgets everything when it ends; `folder` gets its log."""
    port = free_port()
    argv = [program("azurite-blob"), "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    argv += ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with running(argv, port, folder / "azurite.log"):
        yield AzureStore(port)
