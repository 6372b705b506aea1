"""What one replica answers: output tokens a second, by how many requests it works on at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """Points of (requests at once, tokens a second), rising; straight between them, level after the last."""

    points: tuple[tuple[int, float], ...]

    def rate(self, requests: int) -> float:
        """Output tokens a second of all `requests` together."""
        if requests <= 0:
            return 0.0
        at = bisect_left(self.points, (requests, 0.0))
        if at == len(self.points):
            return self.points[-1][1]
        right, high = self.points[at]
        left, low = self.points[at - 1] if at else (0, 0.0)
        return low + (high - low) * (requests - left) / (right - left)


def measured(figures: Mapping[str, float]) -> Curve:
    """The curve of a profile's evidence: `clients_8_tokens_per_s` and its like."""
    points = []
    for name, value in figures.items():
        words = name.split("_", 2)
        if words[0] == "clients" and words[-1] == "tokens_per_s":
            points.append((int(words[1]), value))
    if not points:
        raise ValueError("no clients_N_tokens_per_s among the figures")
    return Curve(tuple(sorted(points)))


def constant(tokens_per_s: float) -> Curve:
    """A server that one request keeps busy."""
    return Curve(((1, tokens_per_s),))
