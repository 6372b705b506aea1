"""What a plot draws: series of points, told apart by colour and, for who cannot see that, by marker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.element import element
from aim_runtime.bench.result import Benchmark
from aim_runtime.bench.sample import Measured

# In a square from -1 to 1, about equally large: Vega takes them as they are, and so does the legend.
MARKERS = (
    "M.8,0A.8,.8,0,1,1,-.8,0A.8,.8,0,1,1,.8,0Z",
    "M-.7,-.7h1.4v1.4h-1.4Z",
    "M0,-.95L.95,.75H-.95Z",
    "M0,-1.05L.9,0L0,1.05L-.9,0Z",
    "M-.9,-.3H-.3V-.9H.3V-.3H.9V.3H.3V.9H-.3V.3H-.9Z",
    "M0,.95L.95,-.75H-.95Z",
    "M.95,0L-.75,.95V-.95Z",
    "M-.95,0L.75,.95V-.95Z",
)
COLOURS = len(MARKERS)  # page.css has as many, for a light page and for a dark one


@dataclass(frozen=True)
class Run:
    """A benchmark, and the name that it has in this report."""

    label: str
    benchmark: Benchmark


@dataclass(frozen=True)
class Series:
    """Points of one kind. `place` among those of its plot decides how it looks."""

    name: str
    place: int
    points: tuple[Measured, ...]

    @property
    def colour(self) -> str:
        return f"var(--s{self.place % COLOURS + 1})"

    @property
    def marker(self) -> str:
        """The next round of colours has other markers."""
        return MARKERS[(self.place + self.place // COLOURS) % COLOURS]


def runs(benchmarks: Sequence[Benchmark]) -> tuple[Run, ...]:
    """Benchmarks by what tells them apart: profile, or model, and a number where that is not enough."""
    names = [each.profile_id or each.model for each in benchmarks]
    if len({each.model for each in benchmarks}) > 1:
        names = [f"{each.model}, {each.profile_id or 'no profile'}" for each in benchmarks]
    seen: dict[str, int] = {}
    found = []
    for name, benchmark in zip(names, benchmarks, strict=True):
        seen[name] = seen.get(name, 0) + 1
        found.append(Run(f"{name} ({seen[name]})" if names.count(name) > 1 else name, benchmark))
    return tuple(found)


def by_shape(points: Iterable[Measured]) -> dict[str, tuple[Measured, ...]]:
    """Points of equal lengths together, the lightest load first."""
    found: dict[str, list[Measured]] = {}
    for each in points:
        found.setdefault(words.shape(each), []).append(each)
    return {name: tuple(sorted(group, key=words.load_order)) for name, group in found.items()}


def legend(series: Sequence[Series]) -> Element:
    """The names of series, each behind its marker."""
    return element("ul", *(element("li", symbol(each), each.name) for each in series), class_="legend")


def symbol(series: Series) -> Element:
    """The marker of a series, as its plot has it."""
    drawn = element("path", d=series.marker, fill=series.colour)
    return element("svg", drawn, viewBox="-1.2 -1.2 2.4 2.4", class_="symbol", aria_hidden="true")
