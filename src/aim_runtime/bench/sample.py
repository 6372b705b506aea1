"""What was seen of one request of a load, and what the requests of a point have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aim_runtime.bench.workload import Point
from aim_runtime.slo import Slo


@dataclass(frozen=True)
class Sample:
    """One request that was answered in full. Times in seconds; `itl_s` between two chunks of its answer."""

    input_tokens: int
    output_tokens: int
    ttft_s: float
    e2e_s: float
    itl_s: tuple[float, ...] = ()

    @property
    def tpot_s(self) -> float | None:
        """Time per output token after the first; None for an answer of one token."""
        after = self.output_tokens - 1
        return (self.e2e_s - self.ttft_s) / after if after > 0 else None


@dataclass(frozen=True)
class Spread:
    """A distribution, in seconds."""

    mean: float
    p50: float
    p90: float
    p99: float


def spread(values: Sequence[float]) -> Spread | None:
    """The distribution of `values`, by nearest rank; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)

    def at(percentile: int) -> float:
        return ordered[max(0, math.ceil(len(ordered) * percentile / 100) - 1)]

    return Spread(math.fsum(ordered) / len(ordered), at(50), at(90), at(99))


@dataclass(frozen=True)
class Measured:
    """A point, measured. `seconds` from the first request to the last token; `errors` counts kinds.

    `reasons` has for a kind of error what one of them said.

    `samples` has one value a request that was answered; the figures are computed from them and from nothing
    else, so that every way of driving the load has the same definitions.
    """

    point: Point
    seconds: float
    samples: tuple[Sample, ...]
    errors: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every request that the point asks for was answered."""
        return not self.errors and len(self.samples) >= self.point.requests

    @property
    def ttft(self) -> Spread | None:
        return spread([each.ttft_s for each in self.samples])

    @property
    def tpot(self) -> Spread | None:
        return spread([each.tpot_s for each in self.samples if each.tpot_s is not None])

    @property
    def itl(self) -> Spread | None:
        return spread([gap for each in self.samples for gap in each.itl_s])

    @property
    def e2e(self) -> Spread | None:
        return spread([each.e2e_s for each in self.samples])

    @property
    def requests_per_s(self) -> float:
        return len(self.samples) / self.seconds if self.seconds else 0.0

    @property
    def output_tokens_per_s(self) -> float:
        return sum(each.output_tokens for each in self.samples) / self.seconds if self.seconds else 0.0

    @property
    def total_tokens_per_s(self) -> float:
        total = sum(each.input_tokens + each.output_tokens for each in self.samples)
        return total / self.seconds if self.seconds else 0.0

    def goodput(self, slo: Slo) -> float:
        """Requests a second that kept every limit of `slo`, each by itself: percentiles do not matter."""
        good = sum(
            all(_keeps(each, limit.figure, limit.limit_s) for limit in slo.objectives)
            for each in self.samples
        )
        return good / self.seconds if self.seconds else 0.0


def _keeps(sample: Sample, figure: str, limit_s: float) -> bool:
    seen = {
        "ttft": sample.ttft_s,
        "tpot": sample.tpot_s,
        "itl": max(sample.itl_s, default=None),
        "e2e": sample.e2e_s,
    }[figure]
    return seen is None or seen <= limit_s
