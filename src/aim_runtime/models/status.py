"""How far a fetch is, how fast it goes and how long it will take: for a terminal, a log or an HTTP answer."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from aim_runtime.models.events import Progress

# Long enough that one slow moment does not look like the end, short enough that a change is seen.
WINDOW_S = 15.0
_SAMPLE_EVERY_S = 0.25
# A rate that was measured over less time than this says nothing.
_SHORTEST_S = 0.5
# The first connections are still being made: what is left, divided by that rate, would be days.
_WARM_S = 2.0


@dataclass(frozen=True)
class Status:
    """One phase at one moment; None is what nobody knows.

    `began_bytes` were there when the phase began: an earlier try had left them. `elapsed_s` counts from
    then, `bytes_per_s` is of the last seconds.
    """

    phase: str
    done_bytes: int
    total_bytes: int | None = None
    began_bytes: int = 0
    elapsed_s: float = 0.0
    bytes_per_s: float | None = None

    @property
    def percent(self) -> float | None:
        """From 0 to 100."""
        if self.total_bytes is None:
            return None
        return (
            100.0 * min(self.done_bytes, self.total_bytes) / self.total_bytes if self.total_bytes else 100.0
        )

    @property
    def eta_s(self) -> float | None:
        """Seconds until the phase ends, if it goes on as in the last seconds."""
        if self.ended:
            return 0.0
        if self.total_bytes is None or not self.bytes_per_s or self.elapsed_s < _WARM_S:
            return None
        return (self.total_bytes - self.done_bytes) / self.bytes_per_s

    @property
    def average_bytes_per_s(self) -> float | None:
        """The rate since the phase began, of what has been brought since then."""
        moved = self.done_bytes - self.began_bytes
        return moved / self.elapsed_s if moved > 0 and self.elapsed_s >= _SHORTEST_S else None

    @property
    def ended(self) -> bool:
        return self.total_bytes is not None and self.done_bytes >= self.total_bytes


class Pace:
    """Makes a Status of each Progress, with the rate over the last seconds."""

    def __init__(self) -> None:
        self._phase: str | None = None
        self._began_s = 0.0
        self._began_bytes = 0
        self._samples: deque[tuple[float, int]] = deque()

    def seen(self, event: Progress, now_s: float) -> Status:
        """Take note of `event` at `now_s`, a monotonic clock's time."""
        if event.phase != self._phase:
            self._phase, self._began_s, self._began_bytes = event.phase, now_s, event.done_bytes
            self._samples.clear()
        if self._samples and event.done_bytes < self._samples[-1][1]:
            # What had arrived was not right and is fetched again: the way so far tells nothing any more.
            self._samples.clear()
            self._began_bytes = min(self._began_bytes, event.done_bytes)
        if not self._samples or now_s - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now_s, event.done_bytes))
        while len(self._samples) > 1 and now_s - self._samples[0][0] > WINDOW_S:
            self._samples.popleft()
        since_s, since_bytes = self._samples[0]
        over_s = now_s - since_s
        rate = (event.done_bytes - since_bytes) / over_s if over_s >= _SHORTEST_S else None
        elapsed_s = now_s - self._began_s
        return Status(event.phase, event.done_bytes, event.total_bytes, self._began_bytes, elapsed_s, rate)
