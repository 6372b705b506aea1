"""The byte mover: brings the files of a snapshot into a folder, verified, by several connections at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aim_runtime.models.events import Report
from aim_runtime.models.transfer.remote import Snapshot


def download(snapshot: Snapshot, into: Path, report: Report, *, what: str) -> Mapping[str, str]:
    """Bring the files of `snapshot` into the folder `into`; return their SHA-256 in hex by name.

    `into` may hold what an earlier call left, also one that was killed: whole files and whole chunks are
    not read again. Files of `into` that are not in the snapshot are removed. `what` is the model in
    messages. Raises ModelError, and Changed when the source's files are not those listed any more.
    """
    raise NotImplementedError
