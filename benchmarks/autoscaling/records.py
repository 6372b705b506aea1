"""Patterns of somebody's users: when requests came, as benchmarks/arrivals has it, scaled to replicas."""

from __future__ import annotations

import csv
from bisect import bisect_right
from functools import cache
from itertools import pairwise
from pathlib import Path

from autoscaling.arrivals import Pattern

RECORDS = Path(__file__).parents[1] / "arrivals"
# Full replicas that the requests would keep busy if they came evenly, as those of the invented patterns.
MEAN_LOAD = 1.5


def followed(path: Path, mean_load: float = MEAN_LOAD) -> Pattern:
    """The pattern of a CSV with the columns at_s and share: the share of all requests that had come by then.

    Between two lines they come evenly. Raises ValueError, with the line, where time or share goes back.
    """
    points = [(0.0, 0.0)]
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            try:
                point = (float(row["at_s"]), float(row["share"]))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}:{reader.line_num}: {error!r}") from error
            if points[-1] == point == (0.0, 0.0):
                continue
            if point[0] <= points[-1][0] or point[1] < points[-1][1]:
                raise ValueError(f"{path.name}:{reader.line_num}: {point} after {points[-1]}")
            points.append(point)
    if points[-1][1] != 1:
        raise ValueError(f"{path.name}: ends at a share of {points[-1][1]}, not at 1")
    length_s = points[-1][0]
    begins = [at for at, _ in points[:-1]]
    loads = [mean_load * length_s * (high - low) / (end - at) for (at, low), (end, high) in pairwise(points)]

    def load(at: float) -> float:
        return loads[bisect_right(begins, at) - 1]

    return Pattern(path.stem, length_s, max(loads), load)


@cache
def records() -> tuple[Pattern, ...]:
    return tuple(followed(path) for path in sorted(RECORDS.glob("*.csv")))
