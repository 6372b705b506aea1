"""The table of profiles: drawn on a terminal, plain in a pipe, or as data."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from aim_runtime.cli.render import profile_object, to_yaml
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.profile import Profile
from aim_runtime.vocabulary import Origin, State

_COLUMNS = ("Profile", "GPU", "Precision", "Engine", "GPU count", "Metric", "Type", "State")
_VERBOSE = ("ID", "Reasons")
_COLOURS = {State.COMPATIBLE: "green", State.INVALID: "red", State.UNKNOWN: "default"}


@dataclass(frozen=True)
class Row:
    """One line of the table; `profile` is None for a file that could not be read."""

    id: str
    stem: str
    origin: Origin
    state: State
    reasons: tuple[str, ...]
    profile: Profile | None

    @classmethod
    def of(cls, profile: Profile, state: State, reasons: tuple[str, ...] = ()) -> Row:
        return cls(profile.id, profile.stem, profile.origin, state, reasons, profile)

    @classmethod
    def of_problem(cls, problem: Problem) -> Row:
        reason = f"{problem.path}: {problem.reason}"
        return cls(problem.id, problem.path.stem, problem.origin, State.INVALID, (reason,), None)

    def cells(self, verbose: bool) -> tuple[str, ...]:
        more = (self.id, "; ".join(self.reasons)) if verbose else ()
        if self.profile is None:
            return (self.stem, "-", "-", "-", "-", "-", "-", self.state, *more)
        m = self.profile.metadata
        return (
            *(self.stem, m.accelerator_model, m.precision, m.engine, str(m.accelerator_count)),
            *(m.metric, m.type, self.state, *more),
        )

    def as_object(self) -> dict[str, Any]:
        return {
            "profile_id": self.id,
            "compatibility": str(self.state),
            "reasons": list(self.reasons),
            "profile": profile_object(self.profile) if self.profile else None,
        }


def table(rows: list[Row], verbose: bool) -> str:
    """Draw the table on a terminal; in a pipe print columns that `cut` and `awk` understand."""
    return _drawn(rows, verbose) if sys.stdout.isatty() else text(rows, verbose)


def text(rows: list[Row], verbose: bool) -> str:
    """Columns with two spaces between them."""
    lines = [_COLUMNS + (_VERBOSE if verbose else ()), *(row.cells(verbose) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def as_json(rows: list[Row], verbose: bool) -> str:
    return json.dumps([row.as_object() for row in rows], indent=2, ensure_ascii=False)


def as_yaml(rows: list[Row], verbose: bool) -> str:
    return to_yaml([row.as_object() for row in rows])


def _drawn(rows: list[Row], verbose: bool) -> str:
    """The table with colours; `verbose` puts the id and the reasons below each profile."""
    from rich.box import SIMPLE_HEAD  # a terminal waits gladly for what a pipe need not
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for column in _COLUMNS:
        drawn.add_column(column, no_wrap=True, justify="right" if column == "GPU count" else "left")
    for row in rows:
        *cells, _ = row.cells(verbose=False)
        drawn.add_row(*cells, Text(row.state, style=_COLOURS.get(row.state, "yellow")))
    console = Console()
    # Wider than the terminal is wrapped by it; narrower columns would hide what was asked for.
    wide = console.options.update(width=1000)
    console.width = max(console.width, console.measure(drawn, options=wide).maximum)
    with console.capture() as capture:
        console.print(drawn)
    head, rule, *lines = [line.rstrip() for line in capture.get().strip("\n").splitlines() if line.strip()]
    if verbose:
        lines = [f"{line}{_details(row)}" for line, row in zip(lines, rows, strict=True)]
    good = sum(row.state is State.COMPATIBLE for row in rows)
    count = f"{len(rows)} profiles, {good} compatible with this machine and request"
    return "\n".join([head, rule, *lines, "", count])


def _details(row: Row) -> str:
    return "".join(
        click.style(f"\n     {line}", dim=True) for line in (f"AIM_PROFILE_ID={row.id}", *row.reasons)
    )


FORMATS: dict[str, Callable[[list[Row], bool], str]] = {
    "table": table,
    "text": text,
    "json": as_json,
    "yaml": as_yaml,
}
