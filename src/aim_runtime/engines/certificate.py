"""The files that an engine speaks TLS with, looked at before it starts: it would look when it has loaded."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.errors import InvalidValue

_MISMATCH = "KEY_VALUES_MISMATCH"


@dataclass(frozen=True)
class Certificate:
    """A server's certificate with its chain, and its private key, None where the first file has it too.

    `given` says who named them; `asks_clients` whether clients need a certificate as well.
    """

    file: str
    key: str | None
    given: str
    asks_clients: bool = False

    def require(self) -> None:
        """Raise InvalidValue where the two are not a certificate and its key that can be used as they are."""
        for path in filter(None, (self.file, self.key)):
            self._require_readable(path)
        asked: list[bool] = []

        def password() -> str:
            asked.append(True)
            return ""

        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.file, self.key, password)
        except ssl.SSLError as error:
            raise InvalidValue(f"{self._named}: {self._reason(error, bool(asked))}", hint=_HINT) from error

    def present(self, context: ssl.SSLContext) -> None:
        """Show the certificate to a server that asks its clients for one."""
        context.load_cert_chain(self.file, self.key)

    @property
    def _named(self) -> str:
        key = f", ssl-keyfile {self.key}" if self.key else ""
        return f"{self.given}: ssl-certfile {self.file}{key}"

    def _require_readable(self, path: str) -> None:
        try:
            Path(path).open("rb").close()
        except OSError as error:
            raise InvalidValue(
                f"{self.given}: {path} cannot be read: {error.strerror}", hint=_HINT
            ) from error

    def _reason(self, error: ssl.SSLError, needs_password: bool) -> str:
        if needs_password:
            return "the private key is encrypted, and nobody is there to type its password"
        if error.reason == _MISMATCH:
            return "the private key is not that of the certificate"
        if self.key is None:
            return "the file has not both a certificate and its private key, and ssl-keyfile names no other"
        return "one of them is not PEM: BEGIN CERTIFICATE in the first, BEGIN … PRIVATE KEY in the second"


_HINT = "name a certificate and its private key, both PEM, that this user may read"
