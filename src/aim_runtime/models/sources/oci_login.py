"""The models room: what a registry wants to be shown: nothing, a user name and password, or a token.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from aim_runtime.errors import AccessDenied
from aim_runtime.models.sources import oci_errors as errors
from aim_runtime.models.sources.oci_ask import Answer, ask
from aim_runtime.models.sources.oci_credentials import Credentials, Found, find
from aim_runtime.models.sources.oci_repository import Repository, is_loopback

_BEARER = re.compile(r"bearer\s+(.*)", re.IGNORECASE)
_BASIC = re.compile(r"basic\b", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
# A registry that refuses what it has just given out is not asked for ever.
_MOST_RENEWALS = 3
_WITHIN_S = 5.0


class Login:
    """One repository's authorization, for several threads. Nothing of it is ever shown."""

    def __init__(self, repository: Repository, environment: Mapping[str, str], timeout_s: float) -> None:
        self._repository, self._environment, self._timeout_s = repository, environment, timeout_s
        self._lock = threading.Lock()
        self._header: str | None = None
        self._challenges: Sequence[str] = ()
        self._found: Found | None = None
        self._renewals: deque[float] = deque(maxlen=_MOST_RENEWALS)

    @property
    def header(self) -> str | None:
        """The Authorization to send; None before a registry asked for one."""
        return self._header

    def renew(self, refused: str | None, challenges: Sequence[str]) -> None:
        """Get another authorization than the one that was refused.

        Raises AccessDenied where there is none, SourceUnreachable where the token service is.
        """
        with self._lock:
            if self._header != refused:
                return  # another thread was here first
            now = time.monotonic()
            if len(self._renewals) == _MOST_RENEWALS and now - self._renewals[0] < _WITHIN_S:
                raise self.denied()
            self._renewals.append(now)
            self._challenges = challenges or self._challenges
            self._header = self._authorize(refused)

    def denied(self) -> AccessDenied:
        """Return the error for a registry that refuses what there is to show."""
        found = self._credentials()
        if found.credentials is None:
            return errors.login_required(self._repository, found.trouble)
        return errors.not_allowed(self._repository, found.credentials.saved_in)

    def _credentials(self) -> Found:
        if self._found is None:
            self._found = find(self._repository, self._environment)
        return self._found

    def _authorize(self, refused: str | None) -> str:
        for challenge in self._challenges:
            if match := _BEARER.match(challenge):
                return f"Bearer {self._token(dict(_PARAMETER.findall(match[1])))}"
        if any(_BASIC.match(challenge) for challenge in self._challenges):
            found = self._credentials()
            if found.credentials is None:
                raise errors.login_required(self._repository, found.trouble)
            if found.credentials.basic == refused:
                raise errors.bad_credentials(self._repository, found.credentials.saved_in)
            return found.credentials.basic
        asked = ", ".join(challenge.split(" ")[0] for challenge in self._challenges) or "none"
        raise errors.odd_answer(self._repository, f"that it wants a login, but by no known way ({asked})")

    def _token(self, asked: Mapping[str, str]) -> str:
        realm = asked.get("realm", "")
        url = urlsplit(realm)
        secure = url.scheme == "https" or (url.scheme == "http" and is_loopback(url.netloc))
        if not url.netloc or not secure:
            raise errors.odd_answer(self._repository, f"that its tokens are at {realm!r}, which is not https")
        credentials = self._credentials().credentials
        scope = asked.get("scope") or f"repository:{self._repository.name}:pull"
        fields = {"service": asked.get("service", ""), "scope": scope}
        try:
            answer = self._ask_for_token(realm, fields, credentials)
        except (OSError, http.client.HTTPException) as error:
            raise errors.unreachable(Repository(url.netloc, self._repository.name), error) from error
        if answer.status in (400, 401, 403):
            if credentials is None:
                raise self.denied()
            raise errors.bad_credentials(self._repository, credentials.saved_in)
        token = _token_in(answer)
        if token is None:
            raise errors.odd_answer(
                self._repository, f"that its tokens are at {realm}, where HTTP status {answer.status} came"
            )
        return token

    def _ask_for_token(
        self, realm: str, fields: Mapping[str, str], credentials: Credentials | None
    ) -> Answer:
        if credentials is not None and credentials.identity_token:
            form = urlencode(
                {
                    **fields,
                    "grant_type": "refresh_token",
                    "client_id": "aim-runtime",
                    "refresh_token": credentials.identity_token,
                }
            )
            return ask(realm, {}, self._environment, self._timeout_s, form)
        headers = {"Authorization": credentials.basic} if credentials else {}
        mark = "&" if "?" in realm else "?"
        return ask(f"{realm}{mark}{urlencode(fields)}", headers, self._environment, self._timeout_s)


def _token_in(answer: Answer) -> str | None:
    if answer.status != 200:
        return None
    try:
        data: Any = json.loads(answer.body)
        token = data.get("token") or data.get("access_token")
    except (ValueError, AttributeError):
        return None
    # A line end in it would end the header that it is put into.
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else None
