"""The byte mover's own HTTP connection: one range a request, checked to be that range of that version."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from aim_runtime.models.transfer.remote import Again, Changed, RemoteFile
from aim_runtime.models.transfer.sockets import Route, open_route, why
from aim_runtime.models.transfer.trickle import Trickle

# Large enough that Python is not the limit, small enough for 32 connections.
_PIECE_BYTES = 512 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_LATER = (408, 425, 429, 500, 502, 503, 504)
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 6
STALL_S = 30.0  # Ollama's value


@dataclass(frozen=True)
class Address:
    """Where a file is to be asked for, and with which headers: signatures and tokens are among them."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Origin(Protocol):
    """What a source adds to plain HTTP. Used by several threads at once."""

    def address(self, file: RemoteFile) -> Address:
        """Say where and how to ask for `file`, now: called once a request."""
        ...

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        """Return what to raise for an answer that is neither bytes nor a reason to try later.

        `headers` have lower-case names; `body` is the first 64 KiB. A ModelError ends the fetch; Again,
        after a token was renewed for example, does not.
        """
        ...


class HttpConnection:
    """A connection to one origin, and to wherever it redirects; `environment` names proxies and CAs."""

    def __init__(self, origin: Origin, environment: Mapping[str, str]) -> None:
        self._origin, self._environment, self._stall_s = origin, environment, STALL_S
        self._open: dict[tuple[str, str], Route] = {}
        self._moved: dict[str, str] = {}
        self._buffer = memoryview(bytearray(_PIECE_BYTES))

    def close(self) -> None:
        for route in self._open.values():
            route.close()
        self._open.clear()

    def read(self, file: RemoteFile, start: int, stop: int) -> Iterator[memoryview]:
        ended = False
        try:
            response = self._ask(file, start, stop)
            whole = response.status == 200 and "content-range" not in response.headers
            yield from self._pieces(response, 0 if whole else start, start, stop)
            ended = True
        except (OSError, http.client.HTTPException) as error:
            raise Again(why(error)) from error
        finally:
            if not ended:
                self.close()  # what is left of the answer would be taken for the next one

    def _pieces(
        self, response: http.client.HTTPResponse, at: int, start: int, stop: int
    ) -> Iterator[memoryview]:
        """Yield `start` to `stop` of an answer that begins at `at`."""
        trickle, left = Trickle(self._stall_s), None if response.chunked else response.length
        while at < stop:
            wanted = self._buffer[: min(len(self._buffer), stop - at)]
            # What is there, not what would fill the buffer: a drop then loses nothing that had come. The
            # library's own `read1` says the same, and makes half a megabyte of new memory each time.
            if response.isclosed():
                piece = wanted[:0]
            elif left is None:
                piece = memoryview(response.read1(len(wanted)))
            else:
                piece = wanted[: response.fp.readinto1(wanted[:left])]
                left -= len(piece)
            if not piece:
                raise Again(f"the connection ended {stop - at} bytes early")
            skip, at = max(0, start - at), at + len(piece)
            if skip < len(piece):
                yield piece[skip:]
            if at < stop:
                trickle.came(len(piece))
        if left == 0:
            response.close()  # and with it the answer, not the connection
        elif not response.isclosed():
            response.read1(1)  # lets the library see that the answer is over; more is a server's mistake
            if not response.isclosed():
                self.close()

    def _ask(self, file: RemoteFile, start: int, stop: int) -> http.client.HTTPResponse:
        address = self._origin.address(file)
        first = urlsplit(address.url)
        target, moved = urlsplit(self._moved.get(address.url, address.url)), address.url in self._moved
        for _ in range(_MOST_REDIRECTS):
            same = (target.scheme, target.netloc) == (first.scheme, first.netloc)
            headers = {**(address.headers if same else {}), "Accept-Encoding": "identity"}
            if file.divisible:
                headers["Range"] = f"bytes={start}-{stop - 1}"
            headers |= _condition(file.etag) if same else {}
            response = self._send(target, headers)
            if response.status in _REDIRECTS and (location := response.headers.get("Location")):
                self._drain(response)
                target = urlsplit(urljoin(target.geturl(), location))
                self._moved[address.url] = target.geturl()
                moved = True
                continue
            if moved and response.status in (400, 401, 403, 404, 410):
                # The address that it moved to is good for a while only: ask again where it moves to now.
                del self._moved[address.url]
                self._drain(response)
                raise Again(f"the address it was redirected to answers with HTTP status {response.status}")
            self._check(file, response, start, stop)
            return response
        raise Again(f"more than {_MOST_REDIRECTS} redirects")

    def _send(self, target: SplitResult, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        key = (target.scheme, target.netloc)
        fresh = key not in self._open
        if fresh:
            self._open[key] = open_route(target, self._environment, self._stall_s)
        route = self._open[key]
        try:
            return route.get(target, headers)
        except (ConnectionError, http.client.BadStatusLine):
            route.close()
            if fresh:
                raise
            # The server closed what was kept open for the next request, which is its right.
            return route.get(target, headers)

    def _drain(self, response: http.client.HTTPResponse) -> bytes:
        body = response.read(64 * 1024)
        if not response.isclosed():
            self.close()
        return body

    def _check(self, file: RemoteFile, response: http.client.HTTPResponse, start: int, stop: int) -> None:
        """Raise unless the answer is the range that was asked for, of the version that was listed."""
        status, headers = response.status, {name.lower(): value for name, value in response.headers.items()}
        if status not in (200, 206):
            body = self._drain(response)
            if status in _LATER:
                raise Again(f"HTTP status {status}", retry_after_s(headers.get("retry-after")))
            if status in (412, 416):
                raise Changed(file.name)
            raise self._origin.refused(file, status, headers, body)
        served = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
        if served is None:
            length = headers.get("content-length")
            if status == 206 or (length is not None and int(length) != file.size_bytes):
                self.close()
                raise Changed(file.name)
            return  # a server that knows no ranges sends the whole file
        etag = headers.get("last-modified" if _is_date(file.etag) else "etag")
        if (served[3] not in ("*", str(file.size_bytes))) or (
            file.etag and etag and etag != file.etag and not self._moved
        ):
            self.close()
            raise Changed(file.name)
        # Some send one byte more than was asked for: what is too much is not read.
        if int(served[1]) != start or int(served[2]) < stop - 1:
            self.close()
            raise Again(f"asked for bytes {start}-{stop - 1}, got {served[0]}")


def _condition(version: str | None) -> Mapping[str, str]:
    """Return what makes a server refuse when it has another version by now.

    A source whose server gives no entity tags takes the date of the last change for one. Weak tags match
    nothing in If-Match (RFC 9110, 13.1.1): they are only compared with what comes.
    """
    if version is None or version.startswith("W/"):
        return {}
    return {"If-Unmodified-Since" if _is_date(version) else "If-Match": version}


def _is_date(version: str | None) -> bool:
    return version is not None and version.endswith(" GMT")


def retry_after_s(value: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks to wait: a number of them, or a date."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
