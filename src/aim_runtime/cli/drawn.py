"""The table of profiles for a terminal: colours, a bar for the memory, what would be chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from aim_runtime.choice import LAYERS, Choice, counted, why
from aim_runtime.cli.columns import columns
from aim_runtime.cli.memory import gib
from aim_runtime.cli.tables import Listing, Row
from aim_runtime.cli.terminal import paint, symbol, width, wrapped
from aim_runtime.vocabulary import State

_COLOURS = {State.COMPATIBLE: "green", State.INVALID: "red", State.MEMORY_MISMATCH: "red"}
# The columns that may only repeat what the name says, the first to go where there is no room.
_IN_NAME = ("Engine", "Metric", "Precision", "Count", "Accelerator")
_HEAD = ("Profile", "Accelerator", "Count", "Precision", "Engine", "Metric", "Type", "Memory GiB", "State")
_COUNT, _MEMORY = _HEAD.index("Count"), _HEAD.index("Memory GiB")
_BAR = 8


def drawn(listing: Listing) -> str:
    """The table with the chosen profile marked; `verbose` puts id, reasons and change below each."""
    rows, choice = listing.rows, listing.choose() if listing.choose else None
    cells = [_cells(row) for row in rows]
    _align(cells)
    kept = _within(cells, rows)
    if _MEMORY in kept and _room(cells, kept) >= _BAR + 1:
        for row, line in zip(rows, cells, strict=True):
            line[_MEMORY] = f"{_bar(row)} {line[_MEMORY]}"
    table = [[line[column] for column in kept] for line in (list(_HEAD), *cells)]
    first, *lines = columns(table, right=[kept.index(_COUNT)] if _COUNT in kept else ())
    shown = [paint(f"  {first}", bold=True)]
    chosen = choice.chosen if choice else None
    for origin, group in groupby(zip(rows, lines, strict=True), key=lambda each: each[0].origin):
        shown.append(paint(f"  {LAYERS[origin]}", fg="cyan"))
        for row, shape in group:
            shown.append(_coloured(row, shape, chosen is not None and row.verdict is chosen))
            shown += _details(row) if listing.verbose else []
    return "\n".join([*shown, "", *_footer(rows), *(_outcome(choice) if choice else [])])


def _cells(row: Row) -> list[str]:
    stem, model, precision, engine, count, metric, kind, state = row.cells(verbose=False)
    needs = f"{gib(row.fit.needs_bytes)}/{gib(row.fit.budget_bytes)}" if row.fit else "-"
    return [stem, model, count, precision, engine, metric, kind, needs, state]


def _align(cells: list[list[str]]) -> None:
    """Put the strokes between needs and has in line."""
    longest = max((line[_MEMORY].find("/") for line in cells), default=0)
    for line in cells:
        place = line[_MEMORY].find("/")
        line[_MEMORY] = " " * (longest - max(place, 0)) + line[_MEMORY]


def _within(cells: list[list[str]], rows: Sequence[Row]) -> list[int]:
    """The columns that fit the terminal's width: those that every name repeats are left out at need."""
    kept = list(range(len(_HEAD)))
    if all(line[_MEMORY].strip() == "-" for line in cells):
        kept.remove(_MEMORY)
    for name in _IN_NAME:
        column = _HEAD.index(name)
        if _room(cells, kept) >= 0:
            break
        if all(_says(row, name, line[column]) for row, line in zip(rows, cells, strict=True)):
            kept.remove(column)
    return kept


def _says(row: Row, name: str, value: str) -> bool:
    """Whether the profile's name says this, or it is nothing to choose by: a CPU's count only advises."""
    if value == "-" or (name == "Count" and row.profile and not counted(row.profile)):
        return True
    said = f"-tp{value}-" if name == "Count" else value.casefold()
    return said in f"{row.stem.casefold()}-"


def _room(cells: list[list[str]], kept: list[int]) -> int:
    """The columns of the terminal that the table leaves; below zero what it lacks."""
    taken = sum(max(len(line[column]) for line in (_HEAD, *cells)) for column in kept)
    return (width() or 0) - taken - 2 * len(kept)


def _bar(row: Row) -> str:
    """How much of what the engine may use is needed."""
    if row.fit is None:
        return " " * _BAR
    share = min(1.0, row.fit.needs_bytes / max(1, row.fit.budget_bytes))
    filled = max(1, round(share * _BAR))
    return symbol("█", "#") * filled + symbol("░", ".") * (_BAR - filled)


def _coloured(row: Row, line: str, chosen: bool) -> str:
    """The line with its mark, and its last column, the state, in the state's colour."""
    rest, state = line[: -len(row.state)], line[-len(row.state) :]
    colour = None if row.state is State.UNKNOWN else _COLOURS.get(row.state, "yellow")
    name, rest = rest[: len(row.stem)], rest[len(row.stem) :]
    bar = rest.find("/")
    if row.fit and bar >= 0 and not row.fit.fits:
        start = max(rest.rfind("  ", 0, bar) + 2, 0)
        rest = rest[:start] + paint(rest[start:].rstrip(), fg="red") + rest[len(rest.rstrip()) :]
    mark = paint(f"{symbol('▶', '>')} ", fg="green", bold=True) if chosen else "  "
    return f"{mark}{paint(name, bold=True) if chosen else name}{rest}{paint(state, fg=colour)}"


def _details(row: Row) -> list[str]:
    lines = [f"    AIM_PROFILE_ID={row.id}"]
    for objection in row.against:
        lines += wrapped(objection.text, "    - ")
    lines += wrapped(row.change, "    change: ") if row.change else []
    return [paint(line, dim=True) for line in lines]


def _footer(rows: Sequence[Row]) -> list[str]:
    states = Counter(row.state for row in rows)
    counts = ", ".join(f"{states[state]} {state}" for state in State if states[state])
    return wrapped(f"{len(rows)} profile{'s' if len(rows) != 1 else ''}{': ' if rows else ''}{counts}")


def _outcome(choice: Choice) -> list[str]:
    """What `serve` would take, and else what would help."""
    if not choice.settings.aim and not choice.settings.profile_id:
        return wrapped("Name a model to see which would be chosen: set AIM_ID or AIM_MODEL_ID.")
    chosen = choice.chosen
    if chosen:
        return wrapped(f"Would be chosen: {chosen.profile.id} ({why(choice)})")
    lines = wrapped(f"Would be chosen: none; {why(choice)}")
    nearest = choice.nearest()
    if nearest:
        lines += wrapped(f"Nearest: {nearest.profile.id}; {nearest.change}")
    return lines
