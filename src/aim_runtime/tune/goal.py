"""What is to be better: the load, the figures that count, and how much better one run is than another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from aim_runtime.bench.figures import figures
from aim_runtime.bench.sample import Measured
from aim_runtime.bench.workload import Point
from aim_runtime.slo import Slo
from aim_runtime.vocabulary import Metric

START = "start_to_ready_s"
# A start is measured once a configuration: what differs less is no difference.
_START_NOISE = math.log(1.15)
# How much each figure counts. For latency: the pace of an answer, its beginning, and how soon there is any.
WEIGHTS: Mapping[Metric, Mapping[str, float]] = {
    Metric.LATENCY: {"tpot_p50_s": 2, "ttft_p50_s": 1, START: 1},
    Metric.THROUGHPUT: {"tokens_per_s": 1},
}
CLIENTS = {Metric.LATENCY: 1, Metric.THROUGHPUT: 32}
# Requests of a run, by client: enough for a median, few enough that a pair of runs takes seconds.
_REQUESTS = {Metric.LATENCY: 4, Metric.THROUGHPUT: 2}
# The load of the figures that a profile is published with, beside the one that was searched with.
EVIDENCE_CLIENTS = (1, 8, 32)


@dataclass(frozen=True)
class Goal:
    """The point of load that a configuration is measured at, for a metric, within the limits of `slo`."""

    metric: Metric
    point: Point
    slo: Slo | None = None

    @property
    def weights(self) -> Mapping[str, float]:
        return WEIGHTS[self.metric]

    def gain(self, new: Mapping[str, float], old: Mapping[str, float]) -> float:
        """How many times better `new` figures are than `old` ones: above 1 they are better."""
        total = math.fsum(self.weights.values())
        logs = (weight * _log_gain(name, new, old) for name, weight in self.weights.items())
        return math.exp(math.fsum(logs) / total)

    def missed(self, measured: Measured) -> str:
        """Which limit of the service level was missed, and by what; empty where none was."""
        for limit in self.slo.objectives if self.slo else ():
            spread = getattr(measured, limit.figure)
            seen = None if spread is None else getattr(spread, f"p{limit.percentile}")
            if seen is not None and seen > limit.limit_s:
                return f"{limit.text} is missed: {seen * 1000:.0f} ms"
        return ""

    def evidence_points(self) -> tuple[Point, ...]:
        """The load that a profile is published with."""
        clients = sorted({*EVIDENCE_CLIENTS, self.point.concurrency or 1})
        return tuple(
            Point(
                self.point.input_tokens,
                self.point.output_tokens,
                max(4, 2 * each),
                concurrency=each,
            )
            for each in clients
        )


def goal_for(
    metric: Metric, slo: Slo | None, *, input_tokens: int, output_tokens: int, clients: int | None = None
) -> Goal:
    """The goal of a metric; with a service level its number of clients, unless `clients` says another."""
    count = clients or (slo.clients if slo else None) or CLIENTS[metric]
    requests = max(4, _REQUESTS[metric] * count)
    return Goal(metric, Point(input_tokens, output_tokens, requests, concurrency=count), slo)


def figures_of(measured: Measured, start_s: float) -> dict[str, float]:
    """The figures of one run that count, by their names in a profile's evidence."""
    named = {name: value for name, value in figures(measured).items() if value is not None}
    return {START: start_s, **named}


def _log_gain(name: str, new: Mapping[str, float], old: Mapping[str, float]) -> float:
    found = math.log(new[name] / old[name])
    if name == START and abs(found) < _START_NOISE:
        return 0.0
    return found if name.endswith("_per_s") else -found
