"""The models room: an archive, a GGUF file or a folder with a SHA256SUMS file on a web server."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aim_runtime.models import background
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ARCHIVES, ModelRef
from aim_runtime.models.sources import objects
from aim_runtime.models.sources.bring import bring, bring_archive
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.sources.web_access import access_to
from aim_runtime.models.sources.web_errors import no_connection, unreachable
from aim_runtime.models.sources.web_folder import Found, look_at_folder
from aim_runtime.models.sources.web_origin import WebOrigin
from aim_runtime.models.transfer.http import HttpConnection
from aim_runtime.models.transfer.remote import Algorithm, Digest, Snapshot


@dataclass(frozen=True)
class WebSource:
    """Any web server. `environment` names proxies, certificate authorities, and the file of passwords."""

    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    decide_within_s: float = 8.0

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download what `ref` names, and unpack it where it is an archive, which is then removed."""
        if not _path(ref.name).endswith(ARCHIVES):
            return bring(self, ref, into, report)
        (file,) = self.snapshot(ref, lambda _: None).files
        return bring_archive(self, ref, file, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """Ask how long the files are, and in which version they are there."""
        access = access_to(ref.name, self.environment)
        origin = WebOrigin(access, self.environment, self.decide_within_s + 1, ref.sha256 is not None)
        look = look_at_folder if _path(access.url).endswith("/") else _file
        answer, before = background.start(lambda: look(ref, origin)), 0
        while not background.answered(answer, report, self.decide_within_s):
            if origin.answered == before:  # a folder of many files takes its time
                raise unreachable(access.url, f"no answer in {self.decide_within_s:g} s")
            before = origin.answered
        try:
            revision, files, notices = answer.result()
        except (OSError, http.client.HTTPException) as error:
            raise no_connection(access.url, error) from error
        if ref.sha256 is None:
            notices = (
                *notices,
                f"nothing but its server vouches for {ref}: #sha256=HEX would pin what it is",
            )
        for words in notices:
            report(Notice(words))
        return Snapshot(revision, files, lambda: HttpConnection(origin, self.environment))


def _file(ref: ModelRef, origin: WebOrigin) -> Found:
    url = origin.access.url
    name = re.sub(r"[^\w.+-]", "_", _path(url).rpartition("/")[2])
    file = origin.file(name, url)
    if ref.sha256:
        file = replace(file, digest=Digest(Algorithm.SHA256, ref.sha256))
    return f"sha256:{ref.sha256}" if ref.sha256 else objects.revision([file]), (file,), ()


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
