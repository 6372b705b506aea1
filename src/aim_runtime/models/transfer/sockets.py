"""How the byte mover reaches a server: directly or by the proxy that the environment names, with its CAs."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

# Where the programs that people use look for certificate authorities of their own, in this order.
_AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


@dataclass(frozen=True)
class Route:
    """A way to one server. `headers` and `absolute` are what a proxy for plain HTTP wants."""

    connection: http.client.HTTPConnection
    headers: Mapping[str, str] = field(default_factory=dict)
    absolute: bool = False

    def get(
        self, target: SplitResult, headers: Mapping[str, str], form: str | None = None
    ) -> http.client.HTTPResponse:
        """Ask for a URL of the server, and return the answer with its body still to be read.

        With `form`, text in the way of `urlencode`, that is sent to it.
        """
        path = f"{target.path or '/'}?{target.query}" if target.query else target.path or "/"
        if self.absolute:
            path = f"http://{target.netloc}{path}"
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        method = "GET" if form is None else "POST"
        self.connection.request(method, path, form, {**headers, **kind, **self.headers})
        return self.connection.getresponse()

    def close(self) -> None:
        self.connection.close()


def open_route(target: SplitResult, environment: Mapping[str, str], timeout_s: float) -> Route:
    """Return a way that is opened by its first request. `timeout_s`: so long without a byte ends a read."""
    proxy = proxy_for(target, environment)
    port = target.port or (443 if target.scheme == "https" else 80)
    to = (proxy.hostname or "", proxy.port or 80) if proxy else (target.hostname or "", port)
    if target.scheme != "https":
        direct = _Http(*to, timeout=timeout_s)
        return Route(direct, _proxy_authorization(proxy), True) if proxy else Route(direct)
    secure = _Https(*to, timeout=timeout_s, context=_context(authorities(environment)))
    if proxy:
        secure.set_tunnel(target.hostname or "", port, dict(_proxy_authorization(proxy)))
    return Route(secure)


def authorities(environment: Mapping[str, str]) -> str | None:
    """Return the file of certificate authorities that the environment names, None for the usual ones."""
    return next((environment[name] for name in _AUTHORITIES if environment.get(name)), None)


class _Http(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _tune(self.sock)


class _Https(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            # Python 3.11 leaves a proxy's refusal open in its frame, and with it the socket that it closed.
            traceback.clear_frames(error.__traceback__)
            raise
        _tune(self.sock)


def _tune(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


@lru_cache(maxsize=4)
def _context(authorities: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities)


def proxy_for(target: SplitResult, environment: Mapping[str, str]) -> SplitResult | None:
    """Return the proxy for an address by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

    As for other programs, both spellings count, and the one in lower case wins.
    """
    folded = {
        name.lower(): value for name, value in sorted(environment.items()) if value and name.upper() == name
    }
    folded |= {name: value for name, value in environment.items() if value and name.lower() == name}
    address = folded.get(f"{target.scheme}_proxy") or folded.get("all_proxy")
    if not address or _goes_direct(target, folded.get("no_proxy", "")):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


def _goes_direct(target: SplitResult, no_proxy: str) -> bool:
    """Whether `NO_PROXY` names the host: by itself, by a domain above it, or with its port."""
    host, netloc = target.hostname or "", target.netloc.rpartition("@")[2].lower()
    for entry in (each.strip().lower().lstrip(".") for each in no_proxy.split(",")):
        if entry == "*" or entry in (host, netloc) or (entry and host.endswith(f".{entry}")):
            return True
    return False


def _proxy_authorization(proxy: SplitResult) -> Mapping[str, str]:
    if not proxy.username:
        return {}
    who = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(who.encode()).decode()}


def why(error: BaseException) -> str:
    """Return why a connection failed, in a few words."""
    for link in chain(error):
        if isinstance(link, socket.gaierror):
            return "its name cannot be resolved"
        if isinstance(link, ssl.SSLError):
            return f"the secure connection failed ({getattr(link, 'reason', None) or 'TLS'})"
        if isinstance(link, ConnectionRefusedError):
            return "connection refused"
        if isinstance(link, TimeoutError):
            return "no answer in time"
    text = getattr(error, "strerror", None) or next(iter(str(error).strip().splitlines()), "")
    return text[:200] or type(error).__name__


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and what it came from: the plain socket error is at the bottom."""
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__
