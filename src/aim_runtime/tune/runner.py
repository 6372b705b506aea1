"""Runs of candidates: start, answers, load; what goes wrong is told of the candidate that it happened to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aim_runtime.bench.sample import Measured
from aim_runtime.bench.workload import Point
from aim_runtime.errors import AimError, BenchmarkFailed, ConfigError, ToolMissing
from aim_runtime.service.target import Service
from aim_runtime.tune.answers import Agreement, Answers, ask, compare
from aim_runtime.tune.candidate import Candidate
from aim_runtime.tune.stand import Stand

Measure = Callable[[Service, Sequence[Point]], list[Measured]]


class Broke(Exception):
    """A candidate's service did not start or did not live; `error` says why."""

    def __init__(self, candidate: Candidate, error: AimError) -> None:
        super().__init__(str(error))
        self.candidate, self.error = candidate, error


@dataclass
class Runner:
    """Puts load on candidates; `takes` are the bytes that the plan says each takes, by its key."""

    stand: Stand
    measure: Measure
    environment: Mapping[str, str]
    takes: dict[str, int | None] = field(default_factory=dict)
    run_seconds: list[float] = field(default_factory=list)

    def up(self, candidate: Candidate, ready_s: float = 0) -> Service:
        """The candidate's service. Raises Broke where it does not start."""
        try:
            run = self.stand.service(candidate, self.takes.get(candidate.key), ready_s=ready_s)
        except AimError as error:
            raise Broke(candidate, error) from error
        return run.service

    def answers(self, candidate: Candidate) -> Answers:
        service = self.up(candidate)
        try:
            return ask(service, self.environment)
        except BenchmarkFailed as error:
            raise Broke(candidate, error) from error

    def agreement(self, candidate: Candidate, reference: Answers) -> Agreement:
        service = self.up(candidate)
        try:
            return compare(service, self.environment, reference)
        except BenchmarkFailed as error:
            raise Broke(candidate, error) from error

    def load(self, candidate: Candidate, points: Sequence[Point], *, again: bool = False) -> list[Measured]:
        """Measure a candidate. With `again`, one that has served before is started anew, once, where it died.

        Raises Broke where a request fails, or the service.
        """
        try:
            return self._loaded(candidate, points)
        except Broke:
            if not again:
                raise
            self.stand.end(candidate)
        return self._loaded(candidate, points)

    def _loaded(self, candidate: Candidate, points: Sequence[Point]) -> list[Measured]:
        service = self.up(candidate)
        try:
            began = time.monotonic()
            found = self.measure(service, points)
            self.run_seconds.append((time.monotonic() - began) / len(points))
        except (ConfigError, ToolMissing):
            raise  # no fault of a candidate
        except AimError as error:
            raise Broke(candidate, error) from error
        for each in found:
            if not each.ok or not each.samples:
                errors = ", ".join(f"{count} x {kind}" for kind, count in sorted(each.errors.items()))
                what = f"{each.point.name}: {errors or 'requests are missing'}"
                raise Broke(candidate, BenchmarkFailed(what))
        return found
