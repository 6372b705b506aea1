"""A challenger against the best so far: runs in pairs, in changing order, until it is decided."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aim_runtime.bench.sample import Measured
from aim_runtime.tune.candidate import Candidate
from aim_runtime.tune.goal import START, Goal, figures_of
from aim_runtime.tune.race import Standing, standing
from aim_runtime.tune.runner import Runner
from aim_runtime.tune.trial import Outcome

# Below this, held against the champion's figures of earlier, a challenger is given up at once.
_FAR_BEHIND = 0.9


@dataclass(frozen=True)
class Fought:
    """How it ended: won, lost or missed the service level; `figures` are the medians of the challenger's."""

    outcome: Outcome
    ratios: tuple[float, ...]
    figures: Mapping[str, float]
    reason: str = ""


def fight(
    runner: Runner, goal: Goal, challenger: Candidate, champion: Candidate, known: Mapping[str, float]
) -> Fought:
    """Let a challenger, which is up, run against the champion; `known` are the champion's figures so far.

    Raises Broke for the one of the two whose service fails.
    """
    ratios: list[float] = []
    runs: list[Mapping[str, float]] = []
    # The second of a pair is the first of the next: what drifts evens out, and where only one can be up it
    # stays up.
    order = (challenger, champion)
    while standing(ratios) is Standing.OPEN:
        seen: dict[str, Measured] = {}
        for each in order:
            (seen[each.key],) = runner.load(each, [goal.point], again=each is champion)
            if each is challenger:
                runs.append(figures_of(seen[each.key], start_s(runner, each, {})))
            if each is challenger and not ratios and not runner.stand.is_up(champion):
                behind = goal.gain(runs[0], known)
                if behind < _FAR_BEHIND:
                    return Fought(Outcome.LOST, (behind,), runs[0], "far behind the best of earlier")
        theirs = figures_of(seen[champion.key], start_s(runner, champion, known))
        ratios.append(goal.gain(runs[-1], theirs))
        missed, kept = goal.missed(seen[challenger.key]), not goal.missed(seen[champion.key])
        if missed and kept:
            return Fought(Outcome.MISSED, tuple(ratios), medians(runs), missed)
        if not missed and not kept and len(ratios) > 1:
            reason = "keeps the service level, which the best so far does not"
            return Fought(Outcome.WON, tuple(ratios), medians(runs), reason)
        order = (order[1], order[0])
    won = standing(ratios) is Standing.WON
    return Fought(Outcome.WON if won else Outcome.LOST, tuple(ratios), medians(runs))


def start_s(runner: Runner, candidate: Candidate, known: Mapping[str, float]) -> float:
    """The quickest start of a candidate, in this session or an earlier one."""
    seen = [each for each in (runner.stand.start_s(candidate), known.get(START)) if each is not None]
    return min(seen)


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure that every run has."""
    names = [name for name in runs[0] if all(name in each for each in runs)] if runs else []
    return {name: statistics.median(each[name] for each in runs) for name in names}
