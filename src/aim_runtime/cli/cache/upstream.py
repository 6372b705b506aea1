"""What the source of a model in a cache has now, in words and as an object."""

from __future__ import annotations

from aim_runtime.cli import output
from aim_runtime.cli.terminal import wrapped
from aim_runtime.models.inventory.entry import Entry
from aim_runtime.models.inventory.upstream import State, Upstream


def tell(entry: Entry, found: Upstream) -> None:
    """Print it; that nobody is let in any more is a warning, for the model is served all the same."""
    if found.state is State.REFUSED:
        output.warning(f"{found.why}; {entry.model_id} here is {_here(entry, found)}, and is still served")
        return
    for line in wrapped(_words(entry, found), "    "):
        output.data(line)


def _words(entry: Entry, found: Upstream) -> str:
    if found.state is State.SAME:
        return f"{entry.source} has the same: {_here(entry, found)}"
    if found.state is State.NEWER:
        return f"{entry.source} has {found.revision or 'another version'} now; here is {_here(entry, found)}"
    return f"not compared with its source: {found.why}"


def _here(entry: Entry, found: Upstream) -> str:
    return f"{entry.revision or 'a version without a name'}, fetched {found.fetched}"


def as_object(found: Upstream | None) -> dict[str, str | None] | None:
    """The same for a program."""
    if found is None:
        return None
    return {"state": found.state, "revision": found.revision, "fetched": found.fetched, "why": found.why}
