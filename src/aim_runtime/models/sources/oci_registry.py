"""The models room: a registry of images and artifacts, as far as reading from it goes.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aim_runtime.errors import ModelNotFound
from aim_runtime.models.oci.manifest import digest_of
from aim_runtime.models.oci.media import INDEXES, MANIFESTS
from aim_runtime.models.sources import oci_errors as errors
from aim_runtime.models.sources.oci_ask import MOST_BYTES, Answer, ask
from aim_runtime.models.sources.oci_login import Login
from aim_runtime.models.sources.oci_repository import Repository
from aim_runtime.models.transfer.http import Address
from aim_runtime.models.transfer.remote import Again, RemoteFile

_ACCEPT = ", ".join((*INDEXES, *MANIFESTS))


@dataclass(frozen=True)
class Received:
    """A manifest as it came, whose digest is the one that was asked for."""

    digest: str
    media_type: str
    body: bytes


class Registry:
    """One repository of a registry; also the Origin of its blobs, whose `at` is their digest."""

    def __init__(self, repository: Repository, environment: Mapping[str, str], timeout_s: float) -> None:
        self._repository, self._environment, self._timeout_s = repository, environment, timeout_s
        self._login = Login(repository, environment, timeout_s)
        self._scheme: str | None = None
        self._sent = threading.local()

    def manifest(self, reference: str, expected_bytes: int | None = None) -> Received:
        """Return the manifest of a tag or digest; raises what is wrong, in words."""
        answer = self._get(f"manifests/{reference}", {"Accept": _ACCEPT})
        if answer.status == 404:
            raise errors.no_manifest(self._repository, reference, self._tags())
        self._must_be_good(answer)
        if len(answer.body) == MOST_BYTES:
            raise errors.odd_answer(self._repository, f"with a manifest of more than {MOST_BYTES} bytes")
        got = digest_of(answer.body)
        named = reference if reference.startswith("sha256:") else answer.headers.get("docker-content-digest")
        if named is not None and named.startswith("sha256:") and named != got:
            raise errors.another(self._repository, f"the manifest of {reference}", named, got)
        if expected_bytes is not None and expected_bytes != len(answer.body):
            sizes = (f"{expected_bytes} bytes", f"{len(answer.body)} bytes")
            raise errors.another(self._repository, f"the manifest {reference}", *sizes)
        return Received(got, answer.headers.get("content-type", ""), answer.body)

    def address(self, file: RemoteFile) -> Address:
        """Say where a blob is: called by the threads of the byte mover, once a request."""
        self._sent.header = self._login.header
        headers = {"Authorization": self._sent.header} if self._sent.header else {}
        return Address(self._url(self._scheme or "https", f"blobs/{file.at}"), headers)

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        """Return what to raise for a blob that is not handed out; a token that has expired is renewed."""
        if status == 401:
            challenge = headers.get("www-authenticate")
            self._login.renew(self._sent.header, (challenge,) if challenge else ())
            return Again("the token had expired")
        if status == 403:
            return self._login.denied()
        if status == 404:
            return ModelNotFound(
                f"{self._repository} does not have {file.name} ({file.at}), which its manifest names",
                hint="the upload was not finished, or a part of it was deleted: push it again",
            )
        return errors.odd_answer(self._repository, f"with HTTP status {status}")

    def _tags(self) -> list[str]:
        """Return the tags that there are; raises ModelNotFound where there is no such repository."""
        answer = self._get("tags/list", {})
        if answer.status == 404:
            raise errors.no_repository(self._repository)
        self._must_be_good(answer)
        try:
            data: Any = json.loads(answer.body)
            return [str(tag) for tag in data["tags"] or ()]
        except (ValueError, TypeError, KeyError) as error:
            raise errors.odd_answer(self._repository, "with something else than a list of tags") from error

    def _get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Ask, and once more after a login where the registry wants one."""
        for last in (False, True):
            header = self._login.header
            answer = self._ask(path, {**headers, **({"Authorization": header} if header else {})})
            if answer.status == 403 or (answer.status == 401 and last):
                raise self._denied(header, answer)
            if answer.status != 401:
                break
            self._login.renew(header, answer.challenges)
        return answer

    def _denied(self, header: str | None, answer: Answer) -> Exception:
        if header is not None and header.startswith("Basic") and answer.status == 401:
            self._login.renew(header, answer.challenges)  # which says that they are bad
        return self._login.denied()

    def _ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        schemes = (self._scheme,) if self._scheme else self._repository.schemes
        for scheme in schemes:
            try:
                answer = ask(self._url(scheme, path), headers, self._environment, self._timeout_s)
            except (OSError, http.client.HTTPException) as error:
                if scheme != schemes[-1] and errors.speaks_no_tls(error):
                    continue
                raise errors.unreachable(self._repository, error) from error
            self._scheme = scheme
            break
        return answer

    def _must_be_good(self, answer: Answer) -> None:
        if answer.status != 200:
            raise errors.odd_answer(self._repository, f"with HTTP status {answer.status}")

    def _url(self, scheme: str, path: str) -> str:
        return f"{scheme}://{self._repository.host}/v2/{self._repository.name}/{path}"
