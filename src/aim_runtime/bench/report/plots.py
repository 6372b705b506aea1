"""The plots of a report, each of series of points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.layers import (
    DASHES,
    Json,
    Mark,
    axis,
    figure,
    line,
    load_axis,
    markers,
    rounded,
    time_axis,
)
from aim_runtime.bench.report.series import Series
from aim_runtime.bench.sample import Measured

# Percentiles at which a distribution is drawn: closer where the slow ones are.
_STEPS = (*range(4, 90, 4), 50, *range(90, 96, 2), 96, 97, 98, 99, 99.5, 100)


def throughput(series: Sequence[Series], by: str) -> Element:
    """Output tokens a second against the load, which is `by` (`concurrency`)."""
    marks = [
        Mark(each, point, words.load(point), point.output_tokens_per_s, _speed(point))
        for each, point in _answered(series)
    ]
    y = axis("y", "output tokens/s", {"zero": True}, format=",~f", tickCount=5)
    return figure(f"Output tokens/s against {by}", marks, _by_load(series, marks, by, y))


def latency(series: Sequence[Series], name: str, by: str) -> Element | None:
    """p50 and p90 of a latency against the load; None where there is none."""
    marks = [
        Mark(each, point, words.load(point), s * 1000, f"p{at} {words.duration(s)}", at)
        for each, point in _answered(series)
        for at in DASHES
        if (s := words.percentile(point, name, at)) is not None
    ]
    if not marks:
        return None
    y = time_axis("y", min(mark.y for mark in marks), max(mark.y for mark in marks))
    title = f"{words.TITLES[name]} p50 and p90 against {by}"
    return figure(title, marks, _by_load(series, marks, by, y))


def pareto(series: Sequence[Series], of: str) -> Element | None:
    """All users' tokens a second against one user's; None where no answer has two tokens."""
    marks = [
        Mark(each, point, 1 / tpot, point.output_tokens_per_s, f"{_speed(point)}, {_of_one(tpot)}")
        for each, point in _answered(series)
        if (tpot := words.percentile(point, "tpot", 50))
    ]
    if not marks:
        return None
    x = axis("x", "tokens/s of one user (1 / TPOT p50)", {"zero": False}, format=",~f", tickCount=6)
    y = axis("y", "output tokens/s of all users", {"zero": True}, format=",~f", tickCount=5)
    best = {
        "type": "line",
        "stroke": "var(--text)",
        "strokeDash": [2, 3],
        "strokeWidth": 1.2,
        "interpolate": "step-before",
    }
    name = {"type": "text", "dx": 8, "dy": -5, "align": "left", "fontSize": 10, "fill": "var(--quiet)"}
    layers: list[Json] = [
        {
            "data": {"values": [{"x": rounded(mark.x), "y": rounded(mark.y)} for mark in front(marks)]},
            "mark": best,
            "encoding": {"x": x, "y": y, "order": {"field": "x"}},
        },
        *markers(series, marks, x, y),
        {
            "data": {"values": [mark.row for mark in marks]},
            "mark": name,
            "encoding": {"x": x, "y": y, "text": {"field": "l"}},
        },
    ]
    return figure(f"Pareto front{of and f', {of}'}", marks, layers)


def front(marks: Iterable[Mark]) -> list[Mark]:
    """The marks that no other beats in both directions, from left to right; of points without failures."""
    highest = -math.inf
    found: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (-mark.x, -mark.y)):
        if mark.measured.ok and mark.y > highest:
            highest = mark.y
            found.insert(0, mark)
    return found


def distribution(series: Sequence[Series], name: str, ends_ms: tuple[float, float]) -> Element | None:
    """Which part of the requests (for ITL, of the gaps) took at most so long; `ends_ms` of the axis."""
    marks = [
        Mark(each, point, s * 1000, at, f"p{at} {words.duration(s)}", at)
        for each, point in _answered(series)
        for at in (50, 90, 99)
        if (s := words.percentile(point, name, at)) is not None
    ]
    if not marks:
        return None
    x = time_axis("x", *ends_ms)
    title = "gaps, %" if name == "itl" else "requests, %"
    y = axis("y", title, {"domain": [0, 100], "nice": False}, values=[0, 25, 50, 75, 90, 100])
    rows = [row for each, point in _answered(series) for row in _steps(each, values_ms(point, name))]
    curve = line(series, rows, x, y, "y", interpolate="step-after")
    return figure(words.TITLES[name], marks, [curve, *markers(series, marks, x, y)])


def values_ms(point: Measured, name: str) -> list[float]:
    """Every value of a latency that a point has."""
    if name == "itl":
        return [gap * 1000 for sample in point.samples for gap in sample.itl_s]
    seconds = (getattr(sample, f"{name}_s") for sample in point.samples)
    return [each * 1000 for each in seconds if each is not None]


def _steps(series: Series, values: Sequence[float]) -> Iterator[Json]:
    """The empirical distribution, in not too many steps."""
    ordered = sorted(values)
    ranks = sorted({max(1, math.ceil(len(ordered) * step / 100)) for step in _STEPS})
    for index, rank in enumerate(ranks if ordered else ()):
        row = {"x": rounded(ordered[rank - 1]), "s": series.place, "p": 50}
        if not index:
            yield {**row, "x": rounded(ordered[0]), "y": 0}
        yield {**row, "y": rounded(100 * rank / len(ordered))}


def _answered(series: Sequence[Series]) -> Iterator[tuple[Series, Measured]]:
    return ((each, point) for each in series for point in each.points if point.samples)


def _by_load(series: Sequence[Series], marks: Sequence[Mark], by: str, y: Json) -> list[Json]:
    x = load_axis(marks, by)
    return [line(series, [mark.row for mark in marks], x, y, "x"), *markers(series, marks, x, y)]


def _speed(point: Measured) -> str:
    return f"{words.number(point.output_tokens_per_s)} output tokens/s"


def _of_one(tpot_s: float) -> str:
    return f"{words.number(1 / tpot_s)} of one user"
