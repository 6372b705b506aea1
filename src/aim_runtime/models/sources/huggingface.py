"""The models room: the Hugging Face hub, or whatever answers like it at `HF_ENDPOINT`."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue

from aim_runtime.errors import DownloadFailed, ModelNotFound, SourceUnreachable
from aim_runtime.models import background
from aim_runtime.models.cache import ensure_space, is_weights
from aim_runtime.models.events import Progress, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.huggingface_errors import explain
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.words import redact
from aim_runtime.variables import DEFAULT_HUB_ENDPOINT

_CONNECTIONS = 8

# The same weights in formats that the engine does not read: half or more of many repositories.
_DUPLICATES = (
    *("*.bin", "*.bin.index.json", "*.pth", "*.pt", "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf"),
    *("original/*", "metal/*", "onnx/*", "openvino/*", "consolidated*.safetensors"),
)


@dataclass(frozen=True)
class HubSource:
    """One hub. Tokens are found by huggingface_hub itself, and never pass through here."""

    endpoint: str = DEFAULT_HUB_ENDPOINT
    decide_within_s: float = 8.0

    def check(self, ref: ModelRef) -> int:
        """Return the bytes that a fetch would take; raises what one would before the first of them."""
        return sum(self._decide(ref, lambda _: None).sizes.values())

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Download the commit that `ref` names now; whole files left in `into` are not fetched again."""
        snapshot = self._decide(ref, report)
        self._download(ref, snapshot, into, report)
        shutil.rmtree(into / ".cache", ignore_errors=True)  # the library's notes about what it was doing
        for path in [path for path in into.rglob("*") if path.is_file()]:
            if path.relative_to(into).as_posix() not in snapshot.sizes:
                path.unlink()  # left by an earlier try at another commit
        return Fetched(into, snapshot.commit, snapshot.digests)

    def _decide(self, ref: ModelRef, report: Report) -> _Snapshot:
        """Find out, within seconds, whether the hub answers, lets us in and has something to serve.

        The library's own time limits cover neither a name look-up that hangs nor an answer that
        trickles: only a caller that stops waiting does.
        """
        from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_url

        # Longer than anybody waits below, so that one of the two always says it, and the same words.
        patience_s = self.decide_within_s + 1

        def ask() -> _Snapshot:
            info = HfApi(endpoint=self.endpoint).model_info(
                ref.name, revision=ref.revision, files_metadata=True, timeout=patience_s
            )
            snapshot = _Snapshot.choose(
                info.sha or "",
                {file.rfilename: file.size or 0 for file in info.siblings or []},
                {file.rfilename: file.lfs.sha256 for file in info.siblings or [] if file.lfs is not None},
            )
            if snapshot.sizes:
                # The hub describes a gated repository to everyone; its weights are behind the gate.
                largest = max(snapshot.sizes, key=lambda name: snapshot.sizes[name])
                url = hf_hub_url(ref.name, largest, revision=snapshot.commit, endpoint=self.endpoint)
                get_hf_file_metadata(url, timeout=patience_s, endpoint=self.endpoint)
            return snapshot

        answer = background.start(ask)
        if not background.finished(answer, lambda: report(Progress("ask", 0)), self.decide_within_s):
            raise SourceUnreachable(
                f"{redact(self.endpoint)} gave no answer in {self.decide_within_s:g} s",
                hint="check the network, the proxy and HF_ENDPOINT",
            )
        snapshot = self._result(answer, ref, started=False)
        weights = [name for name in snapshot.sizes if is_weights(name) or name.endswith(".gguf")]
        if not weights or (len(weights) > 1 and weights[0].endswith(".gguf")):
            held = f"{len(weights)} GGUF files and nothing else" if weights else "no weights"
            raise ModelNotFound(
                f"{ref} holds {held}", hint="name a repository with safetensors files (the original model)"
            )
        return snapshot

    def _download(self, ref: ModelRef, snapshot: _Snapshot, into: Path, report: Report) -> None:
        from huggingface_hub import constants, hf_hub_download
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
        if self.endpoint != DEFAULT_HUB_ENDPOINT:
            # Xet fetches from a host of Hugging Face's, whatever the endpoint is; a mirror is there
            # because that host cannot be reached. https://github.com/huggingface/huggingface_hub/issues/4475
            constants.HF_HUB_DISABLE_XET = True
        total_bytes = sum(snapshot.sizes.values())
        # From 1.18 on the library never comes back to an unfinished file; each try leaves another.
        # https://github.com/huggingface/huggingface_hub/issues/4196
        for orphan in list(into.rglob("*.????????.incomplete")):
            orphan.unlink(missing_ok=True)
        ensure_space(into, total_bytes - background.bytes_below(into))
        waiting: SimpleQueue[str] = SimpleQueue()
        for name in sorted(snapshot.sizes, key=lambda name: -snapshot.sizes[name]):
            waiting.put(name)  # the largest first, so that none of them is left for the end

        def work() -> None:
            while True:
                try:
                    name = waiting.get_nowait()
                except Empty:
                    return
                hf_hub_download(
                    ref.name, name, revision=snapshot.commit, local_dir=into, endpoint=self.endpoint
                )

        # Not snapshot_download: its threads are an executor's, for which an interrupted program waits
        # until the last file under way has arrived, longer than a container is given to stop.
        pending: Collection[Future[None]] = [background.start(work) for _ in range(_CONNECTIONS)]
        while pending:
            report(Progress("download", min(background.bytes_below(into), total_bytes), total_bytes))
            done, pending = wait(pending, background.POLL_S, FIRST_EXCEPTION)
            for worker in done:
                self._result(worker, ref, started=True)
        # When the hub goes away at the wrong moment, the library passes any file that is there for right.
        short = sorted(name for name, size_bytes in snapshot.sizes.items() if _size(into, name) != size_bytes)
        if short:
            raise DownloadFailed(f"{ref}: {', '.join(short)} did not arrive whole", hint="fetch again")
        report(Progress("download", total_bytes, total_bytes))

    def _result(self, answer: Future[background.T], ref: ModelRef, *, started: bool) -> background.T:
        try:
            return answer.result()
        except foreign_errors() as error:
            raise explain(error, ref, self.endpoint, started=started) from error


@dataclass(frozen=True)
class _Snapshot:
    """What to download: one commit, the files of it that are wanted, and the SHA-256 the hub promises."""

    commit: str
    sizes: Mapping[str, int]
    digests: Mapping[str, str]

    @classmethod
    def choose(cls, commit: str, sizes: Mapping[str, int], digests: Mapping[str, str]) -> _Snapshot:
        """Leave out duplicates where there are safetensors, and names that would leave the folder."""
        ignored = _DUPLICATES if any(name.endswith(".safetensors") for name in sizes) else ()
        wanted = [
            name
            for name in sorted(sizes)
            if not any(fnmatch(name, pattern) for pattern in ignored)
            and not name.startswith("/")
            and ".." not in PurePosixPath(name).parts
        ]
        return cls(
            commit,
            {name: sizes[name] for name in wanted},
            {name: digests[name] for name in wanted if name in digests},
        )


def foreign_errors() -> tuple[type[BaseException], ...]:
    """Return what huggingface_hub raises for anything but a bug of ours."""
    from huggingface_hub.errors import HfHubHTTPError

    # The first base is the root error of its HTTP library: requests, httpx or httpx2, by version.
    # The others are what comes of parsing an answer that is not a hub's.
    return (OSError, HfHubHTTPError.__bases__[0], ValueError, KeyError, TypeError)


def _size(folder: Path, name: str) -> int:
    try:
        return (folder / name).stat().st_size
    except OSError:
        return -1
