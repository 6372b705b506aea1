"""The models room: a folder on a web server, of which a SHA256SUMS file says what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote, urlsplit, urlunsplit

from aim_runtime.errors import ModelNotFound, VerificationFailed
from aim_runtime.models import background
from aim_runtime.models.ref import ModelRef, public
from aim_runtime.models.sources import objects, sums
from aim_runtime.models.sources.objects import StoredObject
from aim_runtime.models.sources.web_errors import check
from aim_runtime.models.sources.web_origin import WebOrigin
from aim_runtime.models.transfer.ask import ask
from aim_runtime.models.transfer.remote import RemoteFile

_AT_ONCE = 8
# Which state it is, the files to fetch, and what a person should know of the choice.
Found = tuple[str | None, tuple[RemoteFile, ...], tuple[str, ...]]


def look_at_folder(ref: ModelRef, origin: WebOrigin) -> Found:
    """List the files of the folder that make the model, with their digests, lengths and versions."""
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

    def ask(name: str) -> tuple[str, RemoteFile]:
        return name, origin.file(name, _inside(origin.access.url, name))

    workers = background.each(names, ask, _AT_ONCE)
    found = dict(background.watched(workers, lambda: None))
    return [found[name] for name in names]


def _inside(url: str, name: str) -> str:
    """Return the address of a file of a folder; a signature that the folder's has goes with it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + quote(name)))
