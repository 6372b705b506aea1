"""The models room: the user name and password for a URL, from itself or from ~/.netrc."""

from __future__ import annotations

import base64
import netrc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from aim_runtime.errors import AccessDenied


@dataclass(frozen=True)
class Access:
    """A URL without secrets in its host, and the headers that open it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return the headers for another address: none, unless it is at the same server."""
        here, there = urlsplit(self.url), urlsplit(url)
        return self.headers if (here.scheme, here.netloc) == (there.scheme, there.netloc) else {}


def access_to(url: str, environment: Mapping[str, str]) -> Access:
    """Find the credentials for `url`. Raises AccessDenied for a file of them that cannot be read."""
    parts = urlsplit(url)
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    if parts.username is not None:
        return Access(plain, _basic(unquote(parts.username), unquote(parts.password or "")))
    found = _written(parts.hostname or "", environment)
    return Access(plain, _basic(*found) if found else {})


def _written(host: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what $NETRC or ~/.netrc has for `host`."""
    home = environment.get("HOME")
    path = environment.get("NETRC") or (f"{home}/.netrc" if home else None)
    if path is None:
        return None
    try:
        entry = netrc.netrc(path).authenticators(host)
    except FileNotFoundError as error:
        if environment.get("NETRC"):
            raise _unreadable(path, "there is no such file") from error
        return None
    except netrc.NetrcParseError as error:  # its text may quote a password
        raise _unreadable(path, f"line {error.lineno} is not of its form") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "it is no text") from error
    return None if entry is None else (entry[0], entry[2] or "")


def _unreadable(path: str, why: str) -> AccessDenied:
    return AccessDenied(
        f"the passwords in {Path(path)} cannot be read: {why}",
        hint="correct the file, or set NETRC to another",
    )


def _basic(user: str, password: str) -> Mapping[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
