"""Small questions over HTTP: what is at an address, and how long it is, asked once and answered whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from aim_runtime.models.transfer.sockets import open_route

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 6
_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class Answer:
    """What a server said; `url` is where, after redirects, and `headers` have lower-case names."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def loops(self) -> bool:
        """Whether it redirects and redirects, and never answers."""
        return self.status in _REDIRECTS

    @property
    def size_bytes(self) -> int | None:
        """The length of the whole file, also where a part of it was asked for; None where it is not said."""
        total = _TOTAL.fullmatch(self.headers.get("content-range", "").strip())
        if total is not None:
            return int(total[1])
        length = self.headers.get("content-length", "")
        return int(length) if self.status == 200 and length.isdigit() else None


def ask(
    url: str,
    environment: Mapping[str, str],
    timeout_s: float,
    *,
    headers: Mapping[str, str] | None = None,
    most_bytes: int = 0,
) -> Answer:
    """GET `url`, following redirects, and return the answer with up to `most_bytes` of its body.

    `headers` may hold credentials: they go to the server of `url` and to no other. Raises OSError and
    http.client.HTTPException.
    """
    first = target = urlsplit(url)
    answer = Answer(url, 0, {})
    for _ in range(_MOST_REDIRECTS):
        same = (target.scheme, target.netloc) == (first.scheme, first.netloc)
        own = dict(headers or {})
        kept = own if same else {name: value for name, value in own.items() if name == "Range"}
        answer = _get(target, kept, environment, timeout_s, most_bytes)
        location = answer.headers.get("location")
        if not answer.loops or not location:
            break
        target = urlsplit(urljoin(target.geturl(), location))
    return answer


def _get(
    target: SplitResult,
    headers: Mapping[str, str],
    environment: Mapping[str, str],
    timeout_s: float,
    most_bytes: int,
) -> Answer:
    route = open_route(target, environment, timeout_s)
    try:
        response = route.get(target, {**headers, "Accept-Encoding": "identity"})
        found = {name.lower(): value for name, value in response.headers.items()}
        body = response.read(most_bytes) if most_bytes else b""
        return Answer(target.geturl(), response.status, found, body)
    finally:
        route.close()
