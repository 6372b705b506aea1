"""One replica: it works on some requests at once, each with the same share, and queues the others."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

import simpy

from autoscaling.arrivals import Request
from autoscaling.curve import Curve


@dataclass
class Job:
    """A request on its way: when it was first worked on, and when it was answered."""

    request: Request
    started_s: float | None = None
    ended_s: float | None = None

    @property
    def queued_s(self) -> float | None:
        return None if self.started_s is None else self.started_s - self.request.arrives_s

    @property
    def token_s(self) -> float | None:
        """Seconds a token of the answer, the wait left out."""
        if self.started_s is None or self.ended_s is None:
            return None
        return (self.ended_s - self.started_s) / self.request.output_tokens


@dataclass
class Replica:
    """`slots` is how many requests are worked on at once (max-num-seqs, or what the KV cache holds).

    Requests that run together advance together, so one number says how far all of them have come: how many
    tokens a request would have had that was there from the beginning. A request ends when that has grown
    by as many tokens as it has.
    """

    env: simpy.Environment
    curve: Curve
    slots: int
    waiting: deque[Job] = field(default_factory=deque)
    _running: list[tuple[float, int, Job]] = field(default_factory=list)
    _progress: float = 0.0
    _since: float = 0.0
    _started: int = 0
    _plan: int = 0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def unfinished(self) -> int:
        return len(self._running) + len(self.waiting)

    def submit(self, job: Job) -> None:
        self._advance()
        self.waiting.append(job)
        self._fill()

    def stop(self) -> None:
        """Answer nothing any more: what runs is cut off."""
        self._plan += 1
        self._running.clear()
        self.waiting.clear()

    def _share(self) -> float:
        """Tokens a second for each of those that run."""
        return self.curve.rate(len(self._running)) / len(self._running)

    def _advance(self) -> None:
        if self._running:
            self._progress += (self.env.now - self._since) * self._share()
        self._since = self.env.now

    def _fill(self) -> None:
        while self.waiting and len(self._running) < self.slots:
            job = self.waiting.popleft()
            job.started_s = self.env.now
            self._started += 1
            heapq.heappush(self._running, (self._progress + job.request.output_tokens, self._started, job))
        self._plan += 1
        if self._running:
            left = max(0.0, self._running[0][0] - self._progress)
            due = self.env.timeout(left / self._share(), self._plan)
            assert due.callbacks is not None
            due.callbacks.append(self._due)

    def _due(self, event: simpy.Event) -> None:
        if event.value != self._plan:
            return  # another request came or went since
        self._advance()
        self._progress = max(self._progress, self._running[0][0])  # rounding must not leave a rest
        while self._running and self._running[0][0] <= self._progress:
            heapq.heappop(self._running)[2].ended_s = self.env.now
        self._fill()
