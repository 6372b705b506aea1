"""The models room: one small question to a registry or its token service, by the routes of the byte mover."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from aim_runtime.models.transfer.sockets import open_route

# The largest manifest that registries must take; an answer that is longer is something else.
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
MOST_BYTES = 4 * 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 6


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` have lower-case names, `challenges` are the WWW-Authenticate headers."""

    status: int
    headers: Mapping[str, str]
    challenges: tuple[str, ...]
    body: bytes


def ask(
    url: str,
    headers: Mapping[str, str],
    environment: Mapping[str, str],
    timeout_s: float,
    form: str | None = None,
) -> Answer:
    """Ask `url`, following it where it moves. Raises OSError and http.client.HTTPException."""
    first = target = urlsplit(url)
    for _ in range(_MOST_REDIRECTS):
        route = open_route(target, environment, timeout_s)
        # Whoever it moves to is not told what was meant for the first.
        same = (target.scheme, target.netloc) == (first.scheme, first.netloc)
        shown = {name: value for name, value in headers.items() if same or name != "Authorization"}
        try:
            response = route.get(target, shown, form)
            location = response.headers.get("Location")
            if response.status in _REDIRECTS and location and form is None:
                target = urlsplit(urljoin(target.geturl(), location))
                continue
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                tuple(response.headers.get_all("WWW-Authenticate") or ()),
                response.read(MOST_BYTES),
            )
        finally:
            route.close()
    raise http.client.HTTPException(f"more than {_MOST_REDIRECTS} redirects")
