"""`aim-runtime cache ls`: the models in the cache, whether they are whole, and what else takes room."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from aim_runtime.cli import output
from aim_runtime.cli.columns import columns
from aim_runtime.cli.environment import settings_with_warnings
from aim_runtime.cli.format_option import format_option
from aim_runtime.cli.progress import duration
from aim_runtime.cli.terminal import is_terminal, paint, width, wrapped
from aim_runtime.models.inventory.entry import Entry, Inventory, Kind, Leftover
from aim_runtime.models.inventory.scan import scan
from aim_runtime.models.words import size
from aim_runtime.site import cache_of

_HEAD = ("MODEL", "SIZE", "STATE", "REVISION", "LAST USED", "LAYOUT", "SOURCE", "PATH")
_SIZE = _HEAD.index("SIZE")
# What goes first where the terminal is too narrow for all of it.
_LEAST = ("PATH", "SOURCE", "LAYOUT", "REVISION", "LAST USED")
_COMMIT = 12


@click.command(
    "ls",
    epilog="""\b
Examples:
  aim-runtime cache ls
  aim-runtime cache ls | cut -c 1-60
  aim-runtime cache ls --format json | jq -r '.models[] | select(.state != "whole") | .path'
""",
)
@format_option("text", "json", help_="text is a table, with all its columns in a pipe; json is an object.")
def command(format_: str) -> None:
    """List the models in the cache, one a line: size, state, revision, last use, layout, source, path.

    Models in the layout of the Hugging Face hub are listed too, those of the user's own Hugging Face
    cache among them, and what fetches that broke off have left.
    """
    settings = settings_with_warnings()
    found = scan(cache_of(settings))
    if format_ == "json":
        output.data(json.dumps(as_object(found), indent=2, ensure_ascii=False))
        return
    rows = [_row(entry) for entry in found.models]
    rows += [_staging(each) for each in found.leftovers if each.kind is Kind.STAGING]
    if rows:
        for line in _table(rows):
            output.data(line)
    for entry in found.models:
        for fault in entry.faults:
            for line in wrapped(fault, f"{entry.model_id}: "):
                output.words(paint(line, fg="red"))
    for line in wrapped(_summary(found)):
        output.words(line)


def _row(entry: Entry) -> list[str]:
    layout = str(entry.layout) if entry.ours else "hub, not ours"
    return [
        entry.model_id,
        size(entry.size_bytes),
        "damaged" if entry.faults else "whole",
        revision(entry),
        _when(entry.used_s),
        layout,
        (entry.source or "-").partition("#")[0],
        str(entry.path),
    ]


def _staging(each: Leftover) -> list[str]:
    of = f" of {size(each.expected_bytes)}" if each.expected_bytes else ""
    doing = f"fetching ({each.fetching})" if each.fetching else "broken off"
    name = each.model_id or each.path.name
    return [
        name,
        f"{size(each.done_bytes)}{of}",
        doing,
        "-",
        _when(each.changed_s),
        "staging",
        "-",
        str(each.path),
    ]


def revision(entry: Entry) -> str:
    """The revision as a person reads it."""
    if entry.revision is None:
        return "-"
    return entry.revision if len(entry.revision) < 2 * _COMMIT else entry.revision[:_COMMIT]


def _when(at_s: float | None) -> str:
    if at_s is None:
        return "-"
    if not is_terminal():
        return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%MZ")
    ago = time.time() - at_s
    return "now" if ago < 60 else f"{_coarse(ago)} ago"


def _coarse(seconds: float) -> str:
    """The largest unit only: 3 h, 12 d."""
    return " ".join(duration(seconds).split()[:2])


def _table(rows: Sequence[list[str]]) -> Iterator[str]:
    kept = list(range(len(_HEAD)))
    for name in _LEAST:
        if width() is None or (len(_lines(rows, kept)[0]) <= (width() or 0) and _fits(rows, kept)):
            break
        kept.remove(_HEAD.index(name))
    first, *lines = _lines(rows, kept)
    yield paint(first, bold=True)
    for row, line in zip(rows, lines, strict=True):
        yield _coloured(line, row)


def _lines(rows: Sequence[list[str]], kept: list[int]) -> list[str]:
    cells = [[row[column] for column in kept] for row in (list(_HEAD), *rows)]
    return columns(cells, right=[kept.index(_SIZE)])


def _fits(rows: Sequence[list[str]], kept: list[int]) -> bool:
    return max(map(len, _lines(rows, kept))) <= (width() or 0)


def _coloured(line: str, row: list[str]) -> str:
    state = row[_HEAD.index("STATE")]
    colour = {"whole": "green", "damaged": "red"}.get(state, "yellow")
    start = line.find(f"  {state}", len(row[0])) + 2
    return line[:start] + paint(state, fg=colour) + line[start + len(state) :]


def _summary(found: Inventory) -> str:
    ours = len(found.ours)
    parts = [f"{ours} model{'' if ours == 1 else 's'} in {found.root}, {size(found.models_bytes)}"]
    others = len(found.models) - ours
    if others:
        parts.append(f"{others} more in the Hugging Face cache, which is only read")
    if found.compiled_bytes:
        parts.append(f"{size(found.compiled_bytes)} compiled by engines")
    if found.leftover_bytes:
        parts.append(f"{size(found.leftover_bytes)} left over (`aim-runtime cache prune`)")
    if found.free_bytes is not None:
        parts.append(f"{size(found.free_bytes)} free")
    return "; ".join(parts)


def as_object(found: Inventory) -> dict[str, object]:
    """The whole inventory, for machines."""
    return {
        "cache": str(found.root),
        "models": [_entry_object(entry) for entry in found.models],
        "leftovers": [_leftover_object(each) for each in found.leftovers],
        "models_bytes": found.models_bytes,
        "leftover_bytes": found.leftover_bytes,
        "compiled_bytes": found.compiled_bytes,
        "free_bytes": found.free_bytes,
    }


def _entry_object(entry: Entry) -> dict[str, object]:
    return {
        "model": entry.model_id,
        "path": str(entry.path),
        "layout": str(entry.layout),
        "ours": entry.ours,
        "bytes": entry.size_bytes,
        "state": "damaged" if entry.faults else "whole",
        "faults": list(entry.faults),
        "source": entry.source,
        "revision": entry.revision,
        "refs": list(entry.refs),
        "last_used": _iso(entry.used_s),
    }


def _leftover_object(each: Leftover) -> dict[str, object]:
    owner = each.fetching
    return {
        "kind": str(each.kind),
        "path": str(each.path),
        "bytes": each.size_bytes,
        "changed": _iso(each.changed_s),
        "model": each.model_id,
        "done_bytes": each.done_bytes if each.kind is Kind.STAGING else None,
        "expected_bytes": each.expected_bytes,
        "fetching": {"host": owner.host, "pid": owner.pid, "started": owner.started} if owner else None,
    }


def _iso(at_s: float | None) -> str | None:
    return None if at_s is None else datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
