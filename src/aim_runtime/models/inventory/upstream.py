"""The models room: whether the source of a model has something newer, or lets nobody in any more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aim_runtime.errors import AccessDenied, AimError
from aim_runtime.models import manifest
from aim_runtime.models.events import Report
from aim_runtime.models.inventory.entry import Entry
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.source import Listing
from aim_runtime.models.sources.table import Surroundings, source_for


class State(StrEnum):
    """`same`: what is here is what the source has; `unknown`: there is nobody to ask, or no answer."""

    SAME = "same"
    NEWER = "newer"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Upstream:
    """What the source of one model says: `revision` is what it has now; `why` it could not be told.

    `fetched` is the day on which what is here was fetched.
    """

    state: State
    revision: str | None = None
    fetched: str | None = None
    why: str | None = None


def ask(entry: Entry, around: Surroundings, report: Report) -> Upstream:
    """Ask the source of a model for its list, and read no weights."""
    written = manifest.read(entry.path)
    if written is None:
        return Upstream(State.UNKNOWN, why="no record says where it came from")
    fetched = written.created[:10]
    try:
        ref = ModelRef.parse(written.source)
        source = source_for(ref.scheme, around)
        if not isinstance(source, Listing):
            return Upstream(State.UNKNOWN, None, fetched, f"{ref.scheme}:// has no list to compare with")
        snapshot = source.snapshot(ref, report)
    except AccessDenied as error:
        return Upstream(State.REFUSED, None, fetched, error.message)
    except AimError as error:
        return Upstream(State.UNKNOWN, None, fetched, error.message)
    same = snapshot.revision == written.revision
    return Upstream(State.SAME if same else State.NEWER, snapshot.revision, fetched)
