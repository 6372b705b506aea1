"""What came of a simulation: how long requests waited, how fast they were answered, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aim_runtime.bench.sample import Spread, spread
from autoscaling.replica import Job


@dataclass
class Pod:
    """A replica's life: its accelerators are paid for from `created_s` to `ended_s`."""

    created_s: float
    ready_s: float | None = None
    ended_s: float | None = None

    def between(self, begin: float, end: float) -> float:
        """Seconds of it within `begin` and `end`."""
        ended = end if self.ended_s is None else min(self.ended_s, end)
        return max(0.0, ended - max(self.created_s, begin))


@dataclass(frozen=True)
class Outcome:
    jobs: Sequence[Job]
    pods: Sequence[Pod]
    length_s: float
    gpus: int

    @property
    def queued(self) -> Spread:
        """Seconds until a request was first worked on."""
        found = spread([each.queued_s for each in self.jobs if each.queued_s is not None])
        assert found is not None
        return found

    @property
    def token(self) -> Spread:
        """Seconds a token, of the requests that were answered."""
        found = spread([each.token_s for each in self.jobs if each.token_s is not None])
        assert found is not None
        return found

    @property
    def cut_off(self) -> int:
        """Requests that a replica which went away did not answer in full."""
        return sum(each.ended_s is None for each in self.jobs)

    @property
    def gpu_hours(self) -> float:
        return self.gpus * sum(each.between(0, self.length_s) for each in self.pods) / 3600

    @property
    def most(self) -> int:
        """Replicas at once, those that start and drain among them."""
        return max(self._alive(each.created_s) for each in self.pods)

    def mean(self, begin: float, end: float) -> float:
        """Replicas on the average between two times."""
        return sum(each.between(begin, end) for each in self.pods) / (end - begin)

    def _alive(self, at: float) -> int:
        return sum(each.created_s <= at and (each.ended_s is None or each.ended_s > at) for each in self.pods)
