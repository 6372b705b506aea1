"""The models room: the Hugging Face hub, or whatever answers like it at `HF_ENDPOINT`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aim_runtime.errors import ModelNotFound, SourceUnreachable
from aim_runtime.models import background
from aim_runtime.models.cache import is_weights
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources import huggingface_xet
from aim_runtime.models.sources.bring import bring
from aim_runtime.models.sources.huggingface_errors import explain, foreign_errors, refused
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.transfer.http import Address, HttpConnection
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile, Snapshot
from aim_runtime.models.wanted import choose
from aim_runtime.models.words import redact
from aim_runtime.variables import DEFAULT_HUB_ENDPOINT

# It makes a message better, and no more.
_NAME_WITHIN_S = 2.0


@dataclass(frozen=True)
class HubSource:
    """One hub. `environment` names proxies and certificate authorities; tokens are the library's to find."""

    endpoint: str = DEFAULT_HUB_ENDPOINT
    decide_within_s: float = 8.0
    environment: Mapping[str, str] = field(default_factory=dict)

    def check(self, ref: ModelRef) -> int:
        """Return the bytes that a fetch would take; raises what one would before the first of them."""
        return sum(file.size_bytes for file in self.snapshot(ref, lambda _: None).files)

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download the commit that `ref` names now; what is left in `into` is not fetched again."""
        if huggingface_xet.is_to_be_used(self.endpoint, self.environment):
            return huggingface_xet.fetch(self.snapshot(ref, report), ref, self.endpoint, into, report)
        return bring(self, ref, into, report)

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """Find out, within seconds, whether the hub answers, lets us in and has something to serve.

        The library's own time limits cover neither a name look-up that hangs nor an answer that
        trickles: only a caller that stops waiting does.
        """
        # Longer than anybody waits below, so that one of the two always says it, and the same words.
        patience_s = self.decide_within_s + 1
        answer = background.start(lambda: self._ask(ref, patience_s))
        if not background.answered(answer, report, self.decide_within_s):
            raise SourceUnreachable(
                f"{redact(self.endpoint)} gave no answer in {self.decide_within_s:g} s",
                hint="check the network, the proxy and HF_ENDPOINT",
            )
        try:
            commit, files, skipped = answer.result()
        except foreign_errors() as error:
            raise explain(error, ref, self.endpoint, started=False, user=self._user) from error
        weights = [file.name for file in files if is_weights(file.name) or file.name.endswith(".gguf")]
        if not weights or (len(weights) > 1 and weights[0].endswith(".gguf")):
            held = f"{len(weights)} GGUF files and nothing else" if weights else "no weights"
            raise ModelNotFound(
                f"{ref} holds {held}", hint="name a repository with safetensors files (the original model)"
            )
        if skipped:
            report(Notice(skipped))
        origin = _Origin(self.endpoint, ref)
        return Snapshot(commit, files, lambda: HttpConnection(origin, self.environment))

    def _user(self) -> str:
        """Return whose the token is; empty where the hub does not say soon."""
        from huggingface_hub import HfApi

        answer = background.start(HfApi(endpoint=self.endpoint).whoami)
        with suppress(*foreign_errors()):
            if background.finished(answer, lambda: None, _NAME_WITHIN_S):
                return str(answer.result()["name"])
        return ""

    def _ask(self, ref: ModelRef, patience_s: float) -> tuple[str, tuple[RemoteFile, ...], str]:
        from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url

        info = HfApi(endpoint=self.endpoint).model_info(
            ref.name, revision=ref.revision, files_metadata=True, timeout=patience_s
        )
        commit, siblings = info.sha or "", {file.rfilename: file for file in info.siblings or []}
        wanted = choose({name: file.size or 0 for name, file in siblings.items()})
        files = tuple(
            RemoteFile(
                name,
                size_bytes,
                hf_hub_url(ref.name, name, revision=commit, endpoint=self.endpoint),
                digest=_digest(siblings[name]),
            )
            for name, size_bytes in wanted.sizes.items()
        )
        if files:
            # The hub describes a gated repository to everyone; its weights are behind the gate.
            largest = max(files, key=lambda file: file.size_bytes)
            get_hf_file_metadata(largest.at, timeout=patience_s, endpoint=self.endpoint)
        return commit, files, str(wanted)


def _digest(sibling: object) -> Digest | None:
    """The SHA-256 of a large file, the checksum of git's blob of a small one."""
    large, blob = getattr(sibling, "lfs", None), getattr(sibling, "blob_id", None)
    if large is not None and large.sha256:
        return Digest(Algorithm.SHA256, large.sha256)
    return Digest(Algorithm.GIT_SHA1, blob) if blob else None


class _Origin:
    """The hub's own addresses, which redirect to where the bytes are; the token stays with the hub."""

    def __init__(self, endpoint: str, ref: ModelRef) -> None:
        from huggingface_hub import get_token

        self._endpoint, self._ref = endpoint, ref
        token = get_token()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def address(self, file: RemoteFile) -> Address:
        return Address(file.at, self._headers)

    def refused(self, file: RemoteFile, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
        kind, endpoint = headers.get("x-error-code"), redact(self._endpoint)
        return refused(status, kind, self._ref, endpoint, has_token=bool(self._headers), started=True)
