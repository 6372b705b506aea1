"""The models room: an archive, a GGUF file or a folder with a SHA256SUMS file on a web server."""

from __future__ import annotations

import hashlib
import http.client
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models import background
from aim_runtime.models.cache import ensure_space
from aim_runtime.models.events import Notice, Progress, Report
from aim_runtime.models.ref import ARCHIVES, ModelRef, public
from aim_runtime.models.sources import objects, sums
from aim_runtime.models.sources.bring import bring
from aim_runtime.models.sources.objects import StoredObject
from aim_runtime.models.sources.source import Fetched
from aim_runtime.models.sources.web_access import access_to
from aim_runtime.models.sources.web_errors import check, no_connection, unreachable
from aim_runtime.models.sources.web_origin import WebOrigin
from aim_runtime.models.transfer.ask import ask
from aim_runtime.models.transfer.http import HttpConnection
from aim_runtime.models.transfer.remote import Algorithm, Digest, RemoteFile, Snapshot
from aim_runtime.models.unarchive import unarchive

_AT_ONCE = 8


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
        # What is unpacked is no smaller than the archive: without room for both, there is no beginning.
        ensure_space(into, 2 * file.size_bytes - background.bytes_below(into))
        fetched = bring(self, ref, into / "archive", report)
        archive = fetched.folder / file.name
        unarchive(archive, into / "files", report)
        archive.unlink()
        return Fetched(into / "files", f"sha256:{fetched.digests[file.name]}")

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """Ask how long the files are, and in which version they are there."""
        access = access_to(ref.name, self.environment)
        origin = WebOrigin(access, self.environment, self.decide_within_s + 1, ref.sha256 is not None)
        look = _folder if _path(access.url).endswith("/") else _file
        answer, before = background.start(lambda: look(ref, origin)), 0
        while not background.finished(answer, lambda: report(Progress("ask", 0)), self.decide_within_s):
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


_Found = tuple[str | None, tuple[RemoteFile, ...], tuple[str, ...]]


def _file(ref: ModelRef, origin: WebOrigin) -> _Found:
    url = origin.access.url
    name = re.sub(r"[^\w.+-]", "_", _path(url).rpartition("/")[2])
    file = origin.file(name, url)
    if ref.sha256:
        file = replace(file, digest=Digest(Algorithm.SHA256, ref.sha256))
    return ref.sha256 or objects.revision([file]), (file,), ()


def _folder(ref: ModelRef, origin: WebOrigin) -> _Found:
    text = _sums(ref, origin)
    try:
        promised = sums.parse(text)
    except ValueError as error:
        raise VerificationFailed(
            f"{sums.NAME} of {ref} cannot be read: {error}", hint="write it with sha256sum"
        ) from error
    listed = [StoredObject(name, 0) for name in promised]
    # By their names alone: only what is wanted need be there, and is asked for.
    folder = objects.below("", listed)
    chosen = objects.choose_files(folder, promised)
    held = objects.lack(file.name for file in chosen.files)
    if held:
        raise ModelNotFound(f"{ref} holds {held}", hint="name the folder that holds the safetensors files")
    files = [
        replace(found, digest=file.digest)
        for file, found in zip(
            chosen.files, _ask_all(origin, [file.name for file in chosen.files]), strict=True
        )
    ]
    left_out = sorted(folder.objects.keys() - {file.name for file in chosen.files} - {sums.NAME})
    notices = chosen.notices
    if left_out:
        notices = (*notices, f"skipping the same weights in other formats: {objects.brief(left_out)}")
    return hashlib.sha256(text).hexdigest(), tuple(files), notices


def _sums(ref: ModelRef, origin: WebOrigin) -> bytes:
    """Return the SHA256SUMS file of a folder, which is the one that `ref` asks for."""
    access, url = origin.access, _inside(origin.access.url, sums.NAME)
    answer = ask(
        url, origin.environment, origin.timeout_s, headers=access.headers, most_bytes=sums.MAX_BYTES + 1
    )
    if answer.status in (404, 410):
        raise ModelNotFound(
            f"{ref} has no {sums.NAME} file",
            hint=f"make it there: sha256sum * > {sums.NAME}; or name an archive",
        )
    check(url, answer, signed_in=bool(access.headers), pinned=origin.pinned)
    got = hashlib.sha256(answer.body).hexdigest()
    if ref.sha256 not in (None, got):
        raise VerificationFailed(
            f"{sums.NAME} of {public(ref.name)} is another than was asked for: "
            f"SHA-256 {ref.sha256} expected, {got} got",
            hint="whoever runs the server has changed the model: ask, and correct the digest",
        )
    return answer.body


def _ask_all(origin: WebOrigin, names: Sequence[str]) -> list[RemoteFile]:
    """Ask for the lengths and versions of many files, several at a time."""
    waiting, found = SimpleQueue[str](), dict[str, RemoteFile]()
    for name in names:
        waiting.put(name)

    def work() -> None:
        while True:
            try:
                name = waiting.get_nowait()
            except Empty:
                return
            found[name] = origin.file(name, _inside(origin.access.url, name))

    for worker in [background.start(work) for _ in range(_AT_ONCE)]:
        worker.result()
    return [found[name] for name in names]


def _inside(url: str, name: str) -> str:
    """Return the address of a file of a folder; a signature that the folder's has goes with it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + quote(name)))


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
