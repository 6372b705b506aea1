"""The models room: where the files of a web server really are, and in which version."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from aim_runtime.models.ref import public
from aim_runtime.models.sources.web_access import Access
from aim_runtime.models.sources.web_errors import check, refused
from aim_runtime.models.transfer.ask import Answer, ask
from aim_runtime.models.transfer.http import Address
from aim_runtime.models.transfer.remote import Again, RemoteFile

# What an address that was signed for a while answers with when the while is over.
_OVER = (400, 401, 403, 404, 410)


@dataclass
class WebOrigin:
    """Asks for a file where its address redirected to, so that its version can be insisted on there.

    `pinned`: digests say what the files are, whoever delivers them.
    """

    access: Access
    environment: Mapping[str, str] = field(repr=False)
    timeout_s: float
    pinned: bool
    answered: int = 0
    _moved: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, url: str) -> Answer:
        """Ask for one byte of the file at `url`: its length, its version, and whether it comes in parts."""
        headers = {**self.access.headers_for(url), "Range": "bytes=0-0"}
        answer = ask(url, self.environment, self.timeout_s, headers=headers)
        check(url, answer, signed_in=self._signed_in(url), pinned=self.pinned)
        with self._lock:
            self._moved[url] = answer.url
            self.answered += 1
        return answer

    def file(self, name: str, url: str) -> RemoteFile:
        """Describe the file at `url`."""
        answer = self.find(url)
        version = answer.headers.get("etag") or answer.headers.get("last-modified")
        return RemoteFile(name, answer.size_bytes or 0, url, version, divisible=answer.status != 200)

    def address(self, file: RemoteFile) -> Address:
        url = self._moved.get(file.at) or self.find(file.at).url
        return Address(url, self.access.headers_for(url))

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        moved = self._moved.get(file.at, file.at)
        if status in _OVER and moved != file.at:
            with self._lock:
                self._moved.pop(file.at, None)
            return Again(f"{public(moved)}, to which it was redirected, answers with HTTP status {status}")
        return refused(file.at, status, signed_in=self._signed_in(file.at))

    def _signed_in(self, url: str) -> bool:
        return bool(self.access.headers_for(url))
