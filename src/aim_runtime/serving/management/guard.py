"""Who may ask what: a browser sends requests on behalf of any page that it shows.

A page of another site can make a browser send a request here, and, by a name that it lets point to this
machine (DNS rebinding), can read the answer. Both show in what the browser says of itself.
"""

from __future__ import annotations

import ipaddress
from email.message import Message
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is of this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def foreign_host(host: str) -> str:
    """The name that a request to the loopback gives this machine, where it is not one of the loopback's.

    An address is no name that somebody could let point elsewhere. Programs may leave it out.
    """
    name = _name(host)
    if not name or name == "localhost" or name.endswith(".localhost"):
        return ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name
    return ""


def foreign_origin(headers: Message) -> str:
    """The site whose page sent the request, where it is not this one; programs are no page."""
    origin = headers.get("Origin")
    if origin is None:
        site = headers.get("Sec-Fetch-Site", "none")
        return "" if site in ("none", "same-origin") else site
    own = headers.get("Host", "").casefold()
    return "" if own and urlsplit(origin).netloc.casefold() == own else origin


def _name(host: str) -> str:
    """The host without its port, and an IPv6 address without its brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return host or "?"
