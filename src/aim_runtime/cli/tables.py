"""The table of profiles: drawn on a terminal, plain in a pipe, or as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aim_runtime.choice import Choice, against
from aim_runtime.cli.columns import columns
from aim_runtime.cli.memory import gib
from aim_runtime.cli.render import profile_object, to_yaml
from aim_runtime.cli.terminal import is_terminal
from aim_runtime.profiles.catalog import Problem
from aim_runtime.profiles.fit import Fit
from aim_runtime.profiles.memory import memory_object
from aim_runtime.profiles.profile import Profile
from aim_runtime.profiles.selection import Objection, Verdict
from aim_runtime.vocabulary import Origin, State

_COLUMNS = ("Profile", "GPU", "Precision", "Engine", "GPU count", "Metric", "Type", "State")
_VERBOSE = ("ID", "Needs GiB", "Has GiB", "Reasons")


@dataclass(frozen=True)
class Row:
    """One line of the table; `profile` is None for a file that could not be read.

    `verdict` is None where nothing was judged: for such a file, and where no device was looked at.
    """

    id: str
    stem: str
    origin: Origin
    state: State
    profile: Profile | None
    verdict: Verdict | None = None
    problem: str = ""

    @classmethod
    def of(cls, profile: Profile, verdict: Verdict | None = None) -> Row:
        state = verdict.state if verdict else State.UNKNOWN
        return cls(profile.id, profile.stem, profile.origin, state, profile, verdict)

    @classmethod
    def of_problem(cls, problem: Problem) -> Row:
        reason = f"{problem.path}: {problem.reason}"
        return cls(problem.id, problem.path.stem, problem.origin, State.INVALID, None, problem=reason)

    @property
    def reasons(self) -> tuple[str, ...]:
        if self.problem:
            return (self.problem,)
        return self.verdict.reasons if self.verdict else ()

    @property
    def change(self) -> str:
        return self.verdict.change if self.verdict else ""

    @property
    def against(self) -> tuple[Objection, ...]:
        """All that keeps it from being taken by itself."""
        if self.problem:
            return (Objection(State.INVALID, self.problem),)
        return against(self.verdict) if self.verdict else ()

    @property
    def fit(self) -> Fit | None:
        return self.verdict.fit if self.verdict and isinstance(self.verdict.fit, Fit) else None

    def cells(self, verbose: bool) -> tuple[str, ...]:
        more = (self.id, *self._memory(), "; ".join(self.reasons)) if verbose else ()
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
            "change": self.change or None,
            "memory": memory_object(self.verdict.fit) if self.verdict else None,
            "service_level": self.verdict.level.as_object() if self.verdict and self.verdict.level else None,
            "profile": profile_object(self.profile) if self.profile else None,
        }

    def _memory(self) -> tuple[str, str]:
        return (gib(self.fit.needs_bytes), gib(self.fit.budget_bytes)) if self.fit else ("-", "-")


@dataclass(frozen=True)
class Listing:
    """The rows that were asked for; `choose` says what would be chosen, None where nothing was judged."""

    rows: Sequence[Row]
    choose: Callable[[], Choice] | None = None
    verbose: bool = False


def table(listing: Listing) -> str:
    """Draw the table on a terminal; in a pipe print columns that `cut` and `awk` understand."""
    if not is_terminal():
        return text(listing)
    from aim_runtime.cli.drawn import drawn  # a pipe need not wait for what it will not see

    return drawn(listing)


def text(listing: Listing) -> str:
    """Columns with two spaces between them."""
    head = _COLUMNS + (_VERBOSE if listing.verbose else ())
    return "\n".join(columns([head, *(row.cells(listing.verbose) for row in listing.rows)]))


def as_json(listing: Listing) -> str:
    return json.dumps([row.as_object() for row in listing.rows], indent=2, ensure_ascii=False)


def as_yaml(listing: Listing) -> str:
    return to_yaml([row.as_object() for row in listing.rows])


FORMATS: dict[str, Callable[[Listing], str]] = {
    "table": table,
    "text": text,
    "json": as_json,
    "yaml": as_yaml,
}
