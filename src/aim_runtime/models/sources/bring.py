"""The models room: what every source that lists does with its list: the mover brings it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from aim_runtime.errors import DownloadFailed
from aim_runtime.models import background
from aim_runtime.models.cache import ensure_space
from aim_runtime.models.events import Notice, Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.source import Fetched, Listing
from aim_runtime.models.transfer.download import download
from aim_runtime.models.transfer.remote import Algorithm, Changed, Digest, RemoteFile
from aim_runtime.models.unarchive import unarchive

# Somebody who uploads while we download is done some time; a file that is written in place has many states
# within a moment.
_PAUSES_S = (0.5, 2.0)


def bring(source: Listing, ref: ModelRef, into: Path, report: Report) -> Fetched:
    """Download one state of `ref`: when its files change meanwhile, the state that they change to.

    Files that did not change are not read again. Raises DownloadFailed when they go on changing.
    """
    changed = ""
    for pause_s in (*_PAUSES_S, None):
        snapshot = source.snapshot(ref, report)
        try:
            digests = download(snapshot, into, report, what=str(ref))
        except Changed as change:
            changed = str(change)
            if pause_s is None:
                break
            report(Notice(f"{changed} of {ref} was replaced while it was being fetched; looking again"))
            background.pause(report, pause_s)
            continue
        promised = {file.name: file.digest for file in snapshot.files if file.digest}
        return Fetched(into, snapshot.revision, digests, promised)
    raise DownloadFailed(
        f"{changed} of {ref} was replaced {len(_PAUSES_S) + 1} times while it was being fetched",
        hint="wait until whoever writes there is done, or name a revision that does not change",
    )


def bring_archive(source: Listing, ref: ModelRef, archive: RemoteFile, into: Path, report: Report) -> Fetched:
    """Download `archive`, the only file of `ref`, and unpack it; the archive is then removed."""
    packed = into / "archive" / archive.name
    if _is_whole(packed, archive.digest):  # left by one who was stopped while unpacking
        revision = source.snapshot(ref, report).revision
    else:
        # What is unpacked is no smaller than the archive: without room for both, there is no beginning.
        ensure_space(into, 2 * archive.size_bytes - background.bytes_below(into))
        revision = bring(source, ref, packed.parent, report).revision
    unarchive(packed, into / "files", report)
    packed.unlink()
    return Fetched(into / "files", revision)


def _is_whole(packed: Path, digest: Digest | None) -> bool:
    if digest is None or digest.algorithm is not Algorithm.SHA256 or not packed.is_file():
        return False
    with packed.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == digest.value
