"""The parts of a report that have plots: load, trade-off, distributions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import plots, words
from aim_runtime.bench.report.element import element
from aim_runtime.bench.report.series import Run, Series, by_shape, legend
from aim_runtime.bench.sample import Measured

_DISTRIBUTIONS = ("ttft", "tpot", "itl")


def loads(runs: Sequence[Run]) -> Iterator[Element]:
    """What more load does, by concurrency and by rate of requests, where more than one was measured."""
    for by, points in (("concurrency", _of(runs, False)), ("request rate, 1/s", _of(runs, True))):
        for title, series in _panels(points):
            if len({words.load(point) for point in _answered(series)}) < 2:
                continue
            drawn = [
                plots.throughput(series, by),
                plots.latency(series, "ttft", by),
                plots.latency(series, "tpot", by),
            ]
            yield from _panel(title, series, drawn)


def trade_off(runs: Sequence[Run]) -> Iterator[Element]:
    """What all users get against what one gets, where there is more than one point to choose from."""
    panels = list(_panels([(run, run.benchmark.points) for run in runs]))
    drawn = [plots.pareto(series, title) for title, series in panels if len(_answered(series)) > 1]
    every = {series.place: series for _, panel in panels for series in panel}
    yield from _panel("", list(every.values()), drawn)


def distributions(runs: Sequence[Run]) -> Iterator[Element]:
    """The latencies of single requests; benchmarks have the same axes, one below the other."""
    points = [point for run in runs for point in run.benchmark.points if point.samples]
    for name, group in by_shape(points).items():
        ends = {figure: _ends(group, figure) for figure in _DISTRIBUTIONS}
        for run in runs:
            found = by_shape(point for point in run.benchmark.points if point.samples).get(name, ())
            series = _by_load(found, group)
            drawn = [plots.distribution(series, figure, ends[figure]) for figure in _DISTRIBUTIONS]
            yield from _panel(name if len(runs) == 1 else f"{name}: {run.label}", series, drawn)


PARTS = (
    ("Load", "p50: filled, solid line. p90: hollow, dashed line.", loads),
    (
        "Trade-off",
        "Output tokens/s of all users against those of one. Dotted: the front, which no other point beats "
        "in both. The number is the load.",
        trade_off,
    ),
    ("Latency distributions", "Marked: p50 and p99, filled, and p90, hollow.", distributions),
)


def undrawn(runs: Sequence[Run]) -> list[str]:
    """The points of which nothing could be drawn."""
    return [
        point.point.name if len(runs) == 1 else f"{point.point.name} of {run.label}"
        for run in runs
        for point in run.benchmark.points
        if not point.samples
    ]


def _of(runs: Sequence[Run], rate: bool) -> list[tuple[Run, tuple[Measured, ...]]]:
    return [
        (run, tuple(each for each in run.benchmark.points if (each.point.rate is not None) is rate))
        for run in runs
    ]


def _panels(runs: Sequence[tuple[Run, Sequence[Measured]]]) -> Iterator[tuple[str, list[Series]]]:
    """One benchmark: its lengths in one panel. Several: a panel for each length, to compare them in."""
    if len(runs) == 1:
        shapes = by_shape(runs[0][1])
        yield "", [Series(name, place, group) for place, (name, group) in enumerate(shapes.items())]
        return
    for shape in by_shape(point for _, points in runs for point in points):
        series = [
            Series(run.label, place, by_shape(points).get(shape, ()))
            for place, (run, points) in enumerate(runs)
        ]
        yield shape, [each for each in series if each.points]


def _by_load(points: Iterable[Measured], every: Iterable[Measured]) -> list[Series]:
    """A series for each load, which looks the same in every benchmark."""
    places = {name: place for place, name in enumerate(dict.fromkeys(map(words.load_name, every)))}
    return [Series(words.load_name(point), places[words.load_name(point)], (point,)) for point in points]


def _ends(points: Iterable[Measured], figure: str) -> tuple[float, float]:
    values = sorted(value for point in points for value in plots.values_ms(point, figure))
    # A gap or two of nearly nothing would leave most of the axis empty.
    return (values[len(values) // 100], values[-1]) if values else (1.0, 1.0)


def _answered(series: Sequence[Series]) -> list[Measured]:
    return [point for each in series for point in each.points if point.samples]


def _panel(title: str, series: Sequence[Series], drawn: Iterable[Element | None]) -> Iterator[Element]:
    plotted = [each for each in drawn if each is not None]
    if not plotted:
        return
    if title:
        yield element("h3", title)
    yield legend(series)
    yield element("div", *plotted, class_="plots")
