"""The parts of which plots are made, as Vega-Lite has them: axes, lines, markers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.element import element
from aim_runtime.bench.report.picture import draw
from aim_runtime.bench.report.series import Series
from aim_runtime.bench.sample import Measured

Json = dict[str, Any]

# One size for wide and for narrow pages, so that texts are as large as they are meant to be.
_SIZE = {"width": 350, "height": 240, "autosize": {"type": "fit", "contains": "padding"}}
_AXIS = {
    **{"labelColor": "var(--quiet)", "titleColor": "var(--quiet)", "titleFontWeight": "normal"},
    **{"gridColor": "var(--line)", "domainColor": "var(--line)", "labelPadding": 5},
    **{"labelFontSize": 11, "titleFontSize": 11, "labelOverlap": True, "titlePadding": 6, "ticks": False},
}
# The widths of texts are those of a font that vl-convert brings, so that every machine draws the same.
_CONFIG = {"font": "Liberation Sans", "view": {"stroke": None}, "axis": _AXIS}
_TIME = "datum.value >= 1000 ? format(datum.value / 1000, '~g') + ' s' : format(datum.value, '~g') + ' ms'"
_APART = 0.18  # of an axis: the width of a label
LEAST_MS = 0.1  # tokens of one chunk have no time between them, which has no place on a logarithmic axis
DASHES = {50: [1, 0], 90: [4, 3]}


@dataclass(frozen=True)
class Mark:
    """A point of a plot: where, of which series, and what is said when the mouse rests on it."""

    series: Series
    measured: Measured
    x: float
    y: float
    said: str
    percentile: int = 50

    @property
    def text(self) -> str:
        failed = words.failures(self.measured)
        names = dict.fromkeys((self.series.name, words.load_name(self.measured)))
        return f"{', '.join(names)}: {self.said}{f' ({failed})' if failed else ''}"

    @property
    def row(self) -> Json:
        where = {"x": rounded(self.x), "y": rounded(self.y), "s": self.series.place}
        return {**where, "p": self.percentile, "d": self.text, "l": words.load_label(self.measured)}


def figure(title: str, marks: Sequence[Mark], layers: Sequence[Json]) -> Element:
    """A plot with its title; who cannot see it is told of every mark."""
    said = "; ".join(mark.text for mark in marks)
    specification = {**_SIZE, "background": None, "config": _CONFIG, "layer": list(layers)}
    return element(
        "figure", element("figcaption", title), draw(specification, f"{title}. {said}"), class_="plot"
    )


def axis(field: str, title: str | None, scale: Json, **more: Any) -> Json:
    return {"field": field, "type": "quantitative", "scale": scale, "axis": {"title": title, **more}}


def load_axis(marks: Sequence[Mark], by: str) -> Json:
    """A logarithmic axis with the loads themselves as its labels."""
    loads = sorted({mark.x for mark in marks})
    scale = {"type": "log", "base": 2, "domain": [loads[0] * 0.85, loads[-1] * 1.15], "nice": False}
    return axis("x", by, scale, values=loads, format="~g", grid=False)


def time_axis(field: str, least_ms: float, most_ms: float) -> Json:
    """A logarithmic axis of milliseconds: what is above a second is said in seconds."""
    ends = [rounded(max(least_ms, LEAST_MS) * 0.92), rounded(max(most_ms, LEAST_MS) * 1.08)]
    scale = {"type": "log", "domain": ends, "nice": False, "clamp": True}
    return axis(field, None, scale, labelExpr=_TIME, values=ticks(*ends))


def ticks(least: float, most: float) -> list[float]:
    """Round values between two others, as many as a logarithmic axis has room for."""
    tens = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**ten for ten in tens for step in steps if least <= step * 10.0**ten <= most]
        if len(found) >= 3 and found == _apart(found, least, most):
            return [rounded(each) for each in found]
    unit = 10 ** math.floor(math.log10((most - least) / 3))  # less than a decade or so is nearly linear
    step = next(each * unit for each in (1, 2, 5, 10) if (most - least) / (each * unit) <= 6)
    counts = range(math.ceil(least / step), math.floor(most / step) + 1)
    return _apart([rounded(step * count) for count in counts], least, most)


def _apart(values: Sequence[float], least: float, most: float) -> list[float]:
    """The values without those whose labels would touch the one before."""
    kept: list[float] = []
    for each in values:
        if not kept or math.log(each / kept[-1]) >= _APART * math.log(most / least):
            kept.append(each)
    return kept


def line(series: Sequence[Series], rows: Sequence[Json], x: Json, y: Json, order: str, **mark: Any) -> Json:
    """A line for each series and percentile, through its rows by `order`."""
    scale = {"domain": list(DASHES), "range": list(DASHES.values())}
    dash = {"field": "p", "type": "nominal", "scale": scale, "legend": None}
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "line", "strokeWidth": 1.5, **mark},
        "encoding": {
            "x": x,
            "y": y,
            "stroke": _colour(series),
            "strokeDash": dash,
            "order": {"field": order},
        },
    }


def markers(series: Sequence[Series], marks: Sequence[Mark], x: Json, y: Json) -> Iterator[Json]:
    """Markers: hollow for p90, and in a ring where the point failed in part."""
    place = {"x": x, "y": y, "description": {"field": "d"}}
    shape = {"field": "s", "type": "nominal", "scale": _scale(series, [each.marker for each in series])}
    failed = [mark.row for mark in marks if not mark.measured.ok]
    if failed:
        ring = {"type": "point", "filled": False, "size": 190, "stroke": "var(--bad)", "strokeWidth": 2}
        yield {"data": {"values": failed}, "mark": ring, "encoding": place}
    for percentile in (50, 90, 99):
        rows = [mark.row for mark in marks if mark.percentile == percentile]
        fill = {"value": "var(--card)"} if percentile == 90 else _colour(series)
        look = {"shape": shape | {"legend": None}, "stroke": _colour(series), "fill": fill}
        mark = {"type": "point", "size": 50, "opacity": 1, "strokeWidth": 1.3}
        if rows:
            yield {"data": {"values": rows}, "mark": mark, "encoding": {**place, **look}}


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _colour(series: Sequence[Series]) -> Json:
    scale = _scale(series, [each.colour for each in series])
    return {"field": "s", "type": "nominal", "scale": scale, "legend": None}


def _scale(series: Sequence[Series], looks: list[str]) -> Json:
    return {"domain": [each.place for each in series], "range": looks}
