"""The last runs: the winner and the engine's defaults side by side, for the figures that are published."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from aim_runtime.bench.figures import figures
from aim_runtime.bench.sample import Measured
from aim_runtime.tune.candidate import Candidate
from aim_runtime.tune.duel import medians, start_s
from aim_runtime.tune.goal import START, figures_of
from aim_runtime.tune.runner import Broke
from aim_runtime.tune.search import Search

LEAST_ROUNDS, MOST_ROUNDS = 1, 5
# What evidence has of each load.
_PUBLISHED = ("tokens_per_s", "ttft_p50_s", "ttft_p90_s", "tpot_p50_s", "tpot_p90_s")


@dataclass
class LastRuns:
    """Figures of the winner and of the defaults, the medians of `ratios`' rounds; a ratio of each round.

    Where `problem` says why there are none of these, the figures are the search's.
    """

    figures: Mapping[str, float]
    baseline: Mapping[str, float]
    ratios: tuple[float, ...] = ()
    problem: str = ""
    loads: dict[str, list[Measured]] = field(default_factory=dict)

    @property
    def gain(self) -> float:
        return statistics.median(self.ratios)


def last_runs(search: Search, rounds: int) -> LastRuns:
    """Run the winner and the defaults in turn, `rounds` times, and no longer than the budget has room for."""
    winner, reference = search.candidate(search.champion), search.candidate(search.reference)
    goal, runner = search.goal, search.runner
    points = goal.evidence_points()
    at = points.index(next(each for each in points if each.concurrency == goal.point.concurrency))
    known = {winner.key: search.champion.figures, reference.key: search.reference.figures}
    seen: dict[str, list[dict[str, float]]] = {winner.key: [], reference.key: []}
    loads: dict[str, list[Measured]] = {}
    ratios: list[float] = []
    order: tuple[Candidate, Candidate] = (winner, reference)
    for number in range(rounds):
        began = time.monotonic()
        search.say(f"last runs, round {number + 1}: the best against the engine's defaults")
        goals: dict[str, Mapping[str, float]] = {}
        try:
            for each in order:
                found = runner.load(each, points, again=True)
                start = start_s(runner, each, known[each.key])
                seen[each.key].append({START: start, **_named(found)})
                goals[each.key] = figures_of(found[at], start)
                loads[each.key] = found
        except Broke as broke:
            return from_search(search, f"the last runs failed: {broke.error.message}")
        ratios.append(goal.gain(goals[winner.key], goals[reference.key]))
        order = (order[1], order[0])
        left = search.left_s
        if left is not None and number + 1 >= LEAST_ROUNDS and left < time.monotonic() - began:
            break
    return LastRuns(medians(seen[winner.key]), medians(seen[reference.key]), tuple(ratios), "", loads)


def from_search(search: Search, problem: str) -> LastRuns:
    """The figures that the search had, where there are no last runs."""
    clients = search.goal.point.concurrency

    def published(found: Mapping[str, float]) -> dict[str, float]:
        named = {f"clients_{clients}_{name}": found[name] for name in _PUBLISHED if name in found}
        return ({START: found[START]} if START in found else {}) | named

    champion = search.champion
    return LastRuns(
        published(champion.figures),
        published(search.reference.figures),
        (champion.gain or 1.0,),
        problem,
    )


def _named(found: list[Measured]) -> dict[str, float]:
    """The figures of all loads by the names that evidence has for them."""
    named = {}
    for each in found:
        values = figures(each)
        for name in _PUBLISHED:
            value = values.get(name)
            if value is not None:
                named[f"clients_{each.point.concurrency}_{name}"] = value
    return named
