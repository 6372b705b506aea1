"""The models room: what every source of weights can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from aim_runtime.models.events import Report
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.transfer.remote import Digest, Snapshot


@dataclass(frozen=True)
class Fetched:
    """What a source delivered.

    `folder` holds the files; `revision` says which state of the source they are (a commit, a
    version). By path relative to `folder`: `digests` are the SHA-256 of files that were checked while they
    arrived; all others are hashed when the folder is sealed, and compared with what is `promised` of them.
    What a hub promises is also the name by which it knows the content (`layouts.py`).
    """

    folder: Path
    revision: str | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    promised: Mapping[str, Digest] = field(default_factory=dict)


class Source(Protocol):
    """One place weights come from."""

    def fetch(self, ref: ModelRef, into: Path, report: Report) -> Fetched:
        """Bring `ref` into the existing folder `into`, which may hold leftovers of an earlier try.

        Raises SourceUnreachable where another source may help, else another ModelError.
        """
        ...


@runtime_checkable
class Listing(Source, Protocol):
    """A source that tells what it has before a byte of the weights is read."""

    def snapshot(self, ref: ModelRef, report: Report) -> Snapshot:
        """List the files that make the model; raises what a fetch would raise before the first byte.

        Asks within seconds: what it cannot know by then is SourceUnreachable.
        """
        ...
