"""How far a benchmark is, for those who watch it."""

from __future__ import annotations

from dataclasses import dataclass

from aim_runtime.bench.workload import Point


@dataclass(frozen=True)
class Progress:
    """`done` of the requests of the point, the `number`th of `points`. `elapsed_s` since its load began."""

    point: Point
    number: int
    points: int
    done: int
    failed: int
    elapsed_s: float
    warming: bool = False

    @property
    def left_s(self) -> float | None:
        """What the point will still take at its pace so far; None as long as no request is done."""
        ended = self.done + self.failed
        return self.elapsed_s / ended * max(0, self.point.requests - ended) if ended else None
