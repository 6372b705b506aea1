"""Benchmarks side by side: how many times as good as the first each other is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.element import element
from aim_runtime.bench.report.series import Run
from aim_runtime.bench.report.tables import heading, scrolled
from aim_runtime.bench.sample import Measured

_ALIKE = 0.03  # a ratio so near to 1 is not called better or worse


def _latency(figure: str, at: int) -> Callable[[Measured], float | None]:
    """The larger the better, as of a speed."""

    def speed(point: Measured) -> float | None:
        seconds = words.percentile(point, figure, at)
        return 1 / seconds if seconds else None

    return speed


_FIGURES: dict[str, Callable[[Measured], float | None]] = {
    "output tokens/s": lambda point: point.output_tokens_per_s,
    **{
        f"{words.TITLES[figure]} p{at}": _latency(figure, at)
        for figure in ("ttft", "tpot", "e2e")
        for at in (50, 90)
    },
}


def ratio(figure: str, first: Measured, other: Measured) -> float | None:
    """How many times as good `other` is; None where either is not whole, or has no such figure."""
    before, after = _FIGURES[figure](first), _FIGURES[figure](other)
    return after / before if first.ok and other.ok and before and after else None


def ratios(first: Run, other: Run) -> Element:
    """A table of the points that both have, with the geometric mean of each figure."""
    before = {each.point.name: each for each in first.benchmark.points}
    shared = [(before[each.point.name], each) for each in other.benchmark.points if each.point.name in before]
    found = [{name: ratio(name, *pair) for name in _FIGURES} for pair in shared]
    rows = [
        element("tr", heading(after.point.name, "row"), *(_cell(value, pair) for value in row.values()))
        for row, pair in zip(found, shared, strict=True)
        for after in pair[1:]
    ]
    means = (_mean([row[name] for row in found]) for name in _FIGURES)
    last = element("tr", heading("geometric mean", "row"), *(_cell(value, None) for value in means))
    head = element("thead", element("tr", heading("Load: tokens in/out"), *map(heading, _FIGURES)))
    caption = f"{other.label} against {first.label}: how many times as good"
    return scrolled(caption, head, element("tbody", *rows), element("tfoot", last))


def unshared(runs: Sequence[Run]) -> list[str]:
    """The points that not all benchmarks have, in words."""
    counts = Counter(name for run in runs for name in {each.point.name for each in run.benchmark.points})
    return [name for name, count in sorted(counts.items()) if count < len(runs)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [math.log(value) for value in values if value is not None]
    return math.exp(math.fsum(known) / len(known)) if known else None


def _cell(value: float | None, pair: tuple[Measured, Measured] | None) -> Element:
    if value is None:
        failed = pair is not None and not all(each.ok for each in pair)
        return element("td", "failed", class_="wrong") if failed else element("td", words.NOTHING)
    if abs(value - 1) <= _ALIKE:
        return element("td", f"{value:.2f}{words.TIMES}")
    better = value > 1
    arrow, said = (
        ("\N{BLACK UP-POINTING TRIANGLE}", "better")
        if better
        else ("\N{BLACK DOWN-POINTING TRIANGLE}", "worse")
    )
    sign = element("span", arrow, title=said, aria_label=said, role="img")
    return element("td", sign, f" {value:.2f}{words.TIMES}", class_="right" if better else "wrong")
