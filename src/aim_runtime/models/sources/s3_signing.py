"""The models room: every read of an S3 object signed anew, by AWS's signature version 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from aim_runtime.models.sources.s3_errors import foreign_errors, refused
from aim_runtime.models.sources.s3_refusal import Place, Refusal
from aim_runtime.models.transfer.http import Address
from aim_runtime.models.transfer.remote import Again, Changed, RemoteFile


@dataclass(frozen=True)
class S3Origin:
    """The objects of one bucket at `base_url`; without `credentials` they are asked for unsigned.

    The signature is in headers, never in the URL: a URL ends up in the logs of proxies.
    """

    place: Place
    base_url: str
    region: str
    credentials: Any

    def address(self, file: RemoteFile) -> Address:
        """Sign for `file`, with keys that are renewed where they are about to end."""
        url = f"{self.base_url}/{quote(file.at, safe='/~')}"
        if self.credentials is None:
            return Address(url)
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest("GET", url)
        try:
            keys = self.credentials.get_frozen_credentials()
        except foreign_errors() as error:
            raise Again(f"the keys cannot be renewed: {type(error).__name__}") from error
        S3SigV4Auth(keys, "s3", self.region).add_auth(request)
        return Address(url, dict(request.headers.items()))

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        """Tell what a moment mends from what ends the fetch."""
        answer = Refusal.of_answer(status, headers, body)
        if status == 404 and answer.code in ("NoSuchKey", ""):
            return Changed(file.name)  # it was there when it was listed
        if answer.is_over and hasattr(self.credentials, "refresh_needed"):
            return Again("the session of the keys has ended; the next request is signed with new ones")
        if answer.code in ("RequestTimeout", "SlowDown", "InternalError"):
            return Again(f"{answer.code} (HTTP status {status})")
        return refused(answer, replace(self.place, key=file.at))
