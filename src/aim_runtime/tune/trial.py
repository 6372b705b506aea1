"""What became of a configuration, and the journal that keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any


class Outcome(StrEnum):
    """How a trial ended."""

    REFERENCE = "reference"  # what the others are held against
    REFUSED = "refused"  # by the plan: never started
    FAILED = "failed"  # its service did not start, or did not live
    WRONG = "wrong answers"
    MISSED = "misses the service level"
    LOST = "lost"
    WON = "won"


# A trial that ran has a gain; one that did not is worse than all of these.
RAN = (Outcome.REFERENCE, Outcome.LOST, Outcome.WON)


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried.

    `ratios` are how many times better each of its runs was than the champion's beside it; `gain` the same
    against the reference, by way of the champions before, None where it did not run. `figures` are the
    medians of its runs, `code` that of the error that ended it, `seconds` what all of it took.
    """

    number: int
    key: str
    origin: str
    settings: Mapping[str, Any]
    outcome: Outcome
    reason: str = ""
    code: str = ""
    ratios: tuple[float, ...] = ()
    gain: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"outcome": str(self.outcome), "ratios": list(self.ratios)}


def from_json(read: Mapping[str, Any]) -> Trial:
    """The trial that `to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    trial = Trial(**read)
    return replace(trial, outcome=Outcome(trial.outcome), ratios=tuple(trial.ratios))


class Journal:
    """The trials so far, one a line, in the order in which they ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.trials: list[Trial] = list(self._read())

    def add(self, trial: Trial) -> None:
        """Keep a trial: what is killed after this goes on behind it."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(trial.to_json(), default=str) + "\n")
        self.trials.append(trial)

    def _read(self) -> Iterator[Trial]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        whole, _, rest = text.rpartition("\n")
        for line in whole.splitlines():
            yield from_json(json.loads(line))
        if rest:  # a line that was being written when the end came
            self._path.write_text(f"{whole}\n" if whole else "", encoding="utf-8")

    @property
    def seconds(self) -> float:
        return sum(each.seconds for each in self.trials)

    @property
    def champion(self) -> Trial | None:
        """The best so far: the last that won, else the reference."""
        return next(
            (each for each in reversed(self.trials) if each.outcome in (Outcome.WON, Outcome.REFERENCE)),
            None,
        )
