"""The models room: ModelScope, or whatever answers like it at `MODELSCOPE_ENDPOINT`.

By its HTTP interface and not by modelscope_hub: the library hides which commit it lists, and reads its
token and endpoint from its own process's environment alone. It talks to the same addresses.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aim_runtime.errors import DownloadFailed, ModelError, ModelNotFound
from aim_runtime.models import background
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources import objects
from aim_runtime.models.sources.bring import bring
from aim_runtime.models.sources.modelscope_errors import (
    no_revision,
    refused,
    said_no,
    strange,
    unreachable,
)
from aim_runtime.models.sources.objects import StoredObject
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.ask import Answer, ask
from aim_runtime.models.transfer.http import Address, HttpConnection
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile, Snapshot
from aim_runtime.models.transfer.sockets import why
from aim_runtime.models.words import redact

_DEFAULT_ENDPOINT = "https://www.modelscope.cn"
_DEFAULT_BRANCH = "master"
_MOST_BYTES = 64 << 20
# A listing stops here, and says nothing of what it leaves out.
_MOST_LISTED = 3000


@dataclass(frozen=True)
class ModelScopeSource:
    """One hub. `environment` names it and the token: MODELSCOPE_ENDPOINT, MODELSCOPE_API_TOKEN."""

    environment: Mapping[str, str] = field(repr=False)  # it holds secrets
    decide_within_s: float = 8.0
    most_listed: int = _MOST_LISTED

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download the commit that `ref` names now; what is left in `into` is not read again."""
        return bring(self, ref, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the files that make the model, at one commit."""
        hub = _Hub(ref, self.environment, self.decide_within_s + 1, self.most_listed)
        answer = background.start(hub.listed)
        if not background.answered(answer, report, self.decide_within_s):
            raise unreachable(hub.endpoint, f"no answer in {self.decide_within_s:g} s")
        try:
            commit, chosen = answer.result()
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(hub.endpoint, why(error)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise strange(hub.endpoint) from error
        held = objects.lack(file.name for file in chosen.files)
        if held:
            raise ModelNotFound(f"{ref} holds {held}", hint="name a repository with safetensors files")
        for words in chosen.notices:
            report(Notice(words))
        return Snapshot(
            commit or chosen.revision, chosen.files, lambda: HttpConnection(hub, self.environment)
        )


class _Hub:
    """The addresses of one repository; the token goes to them, and not to where they redirect."""

    def __init__(
        self, ref: ModelRef, environment: Mapping[str, str], timeout_s: float, most_listed: int
    ) -> None:
        self._ref, self._environment, self._timeout_s = ref, environment, timeout_s
        self._most_listed = most_listed
        self.endpoint = _endpoint(environment)
        self._at = f"{self.endpoint}/api/v1/models/{quote(ref.name)}"
        token = environment.get("MODELSCOPE_API_TOKEN", "").strip()
        # The older of its services know the cookie, the newer ones the header.
        both = {"Authorization": f"Bearer {token}", "Cookie": f"m_session_id={token}"}
        self._headers = both if token else {}

    def address(self, file: RemoteFile) -> Address:
        return Address(file.at, self._headers)

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
        return self._refused(status)

    def listed(self) -> tuple[str | None, objects.Chosen]:
        """Return the commit, where the hub tells it, and the files that make the model."""
        asked = self._ref.revision or _DEFAULT_BRANCH
        first = self._list(asked, "", recursive=True)
        entries = list(self._whole(asked, "", first["Files"]))
        commit = _commit(first)
        folder = objects.below("", map(self._stored, [each for each in entries if each["Type"] != "tree"]))
        chosen = objects.choose_files(folder, {})
        files = tuple(
            RemoteFile(file.name, file.size_bytes, self._file(commit or asked, file.name), None, file.digest)
            for file in chosen.files
        )
        return commit, objects.Chosen(files, chosen.notices, objects.revision(chosen.files))

    def _stored(self, entry: Mapping[str, Any]) -> StoredObject:
        sha256 = str(entry.get("Sha256") or "").lower()
        digest = Digest(Algorithm.SHA256, sha256) if len(sha256) == 64 else None
        return StoredObject(str(entry["Path"]), int(entry["Size"]), sha256 or None, digest)

    def _whole(self, revision: str, root: str, entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield what is below `root`, of which `entries` are the first: by folder where there is more."""
        if len(entries) < self._most_listed:
            yield from entries
            return
        for entry in (shallow := self._list(revision, root, recursive=False)["Files"]):
            if entry["Type"] != "tree":
                yield entry
                continue
            below = self._list(revision, entry["Path"], recursive=True)["Files"]
            yield from self._whole(revision, entry["Path"], below)
        if len(shallow) >= self._most_listed:
            raise DownloadFailed(
                f"{self._ref.name} has a folder, {root or '/'}, of which {redact(self.endpoint)} lists only "
                f"the first {len(shallow)} files",
                hint="take the model from another source",
            )

    def _list(self, revision: str, root: str, *, recursive: bool) -> dict[str, Any]:
        query = {"Revision": revision, "Recursive": str(recursive), **({"Root": root} if root else {})}
        answer = self._get(f"{self._at}/repo/files?{urlencode(query)}")
        if answer.status in (400, 404) and self._ref.revision and self._get(self._at).status == 200:
            raise no_revision(self._ref, self.endpoint, self._revisions())
        if answer.status != 200:
            raise self._refused(answer.status)
        body = json.loads(answer.body)
        if body.get("Success") is False:
            raise said_no(self.endpoint, str(body.get("Message")))
        data: dict[str, Any] = body["Data"]
        return data

    def _revisions(self) -> list[str]:
        found = json.loads(self._get(f"{self._at}/revisions").body)["Data"]["RevisionMap"]
        return [str(each["Revision"]) for kind in ("Branches", "Tags") for each in found.get(kind) or []]

    def _file(self, revision: str, name: str) -> str:
        return f"{self._at}/repo?{urlencode({'Revision': revision, 'FilePath': name})}"

    def _get(self, url: str) -> Answer:
        return ask(url, self._environment, self._timeout_s, headers=self._headers, most_bytes=_MOST_BYTES)

    def _refused(self, status: int) -> ModelError:
        return refused(status, self._ref, self.endpoint, has_token=bool(self._headers))


def _endpoint(environment: Mapping[str, str]) -> str:
    named = (
        environment.get("MODELSCOPE_ENDPOINT") or environment.get("MODELSCOPE_DOMAIN") or _DEFAULT_ENDPOINT
    )
    named = named.strip().rstrip("/")
    return named if "://" in named else f"https://{named}"


def _commit(data: Mapping[str, Any]) -> str | None:
    """The commit that was listed: some hubs leave the long form out, and one of the files has it then."""
    latest = data.get("LatestCommitter") or {}
    if latest.get("Id"):
        return str(latest["Id"])
    short = str(latest.get("ShortId") or "")
    revisions = (str(entry.get("Revision") or "") for entry in data["Files"])
    return next((each for each in revisions if short and each.startswith(short)), None)
