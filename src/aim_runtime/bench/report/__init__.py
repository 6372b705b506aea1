"""A report of benchmarks: one HTML page that needs no network, and is the same for the same results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import compare, sections, tables, words
from aim_runtime.bench.report.element import Child, element, page
from aim_runtime.bench.report.series import Run, runs
from aim_runtime.bench.report.summary import summary
from aim_runtime.bench.result import Benchmark

_STYLE = Path(__file__).parent / "page.css"


def report(benchmarks: Sequence[Benchmark]) -> str:
    """The page: one benchmark, or several side by side, each compared to the first.

    Raises ToolMissing where the library that draws is not installed, ValueError for no benchmark at all.
    """
    if not benchmarks:
        raise ValueError("a report needs a benchmark")
    found = runs(benchmarks)
    title = f"Benchmark of {', '.join(dict.fromkeys(each.model for each in benchmarks))}"
    named = [each.profile_id for each in benchmarks if each.profile_id] if len(found) == 1 else []
    said = named or ([f"{len(found)} results side by side"] if len(found) > 1 else [])
    header = element(
        "header", element("h1", title), element("p", " ".join(said), class_="quiet"), _verdict(found)
    )
    main = element("main", *_main(found))
    return page(title, _STYLE.read_text(encoding="utf-8"), header, main, _footer())


def _main(found: Sequence[Run]) -> Iterable[Element]:
    yield from _failures(found)
    yield _section("In short", summary(found))
    yield _section("What was measured", tables.facts(found))
    if len(found) > 1:
        yield _section(f"Against {found[0].label}", *_comparison(found))
    part = any(point.samples and not point.ok for run in found for point in run.benchmark.points)
    ring = " In a red ring: some requests of the point were not answered." if part else ""
    for title, key, parts in sections.PARTS:
        if drawn := list(parts(found)):
            yield _section(title, element("p", key + ring, class_="quiet"), *drawn)
    if undrawn := sections.undrawn(found):
        text = f"Not drawn, because no request was answered: {'; '.join(undrawn)}."
        yield element("p", text, class_="wrong")
    yield _section("All points", *map(tables.points, found))


def _verdict(found: Sequence[Run]) -> Element:
    points = [point for run in found for point in run.benchmark.points]
    failed = sum(not point.ok for point in points)
    if failed or not points:
        return element("p", f"{failed} of {len(points)} points failed", class_="pill bad")
    return element("p", f"{len(points)} of {len(points)} points succeeded", class_="pill good")


def _failures(found: Sequence[Run]) -> Iterable[Element]:
    items = [
        element("li", element("b", point.point.name), f"{where}: {words.failures(point)}")
        for run in found
        for where in (f" of {run.label}" if len(found) > 1 else "",)
        for point in run.benchmark.points
        if not point.ok
    ]
    if items:
        yield _section("What failed", element("ul", *items), class_="card bad")


def _comparison(found: Sequence[Run]) -> Iterable[Element]:
    text = (
        f"Above 1{words.TIMES} is better in every column: more tokens a second, or a shorter time. "
        "Points with failures are not compared."
    )
    yield element("p", text, class_="quiet")
    yield from (compare.ratios(found[0], other) for other in found[1:])
    if alone := compare.unshared(found):
        yield element("p", f"Not in all of them: {'; '.join(alone)}.", class_="quiet")


def _section(title: str, *parts: Child, class_: str = "card") -> Element:
    return element("section", element("h2", title), *parts, class_=class_)


def _footer() -> Element:
    meanings = [f"{words.TITLES[name]}: {meaning}." for name, meaning in words.MEANINGS.items()]
    text = " ".join([*meanings, "Percentiles are values that were seen (nearest rank)."])
    return element("footer", element("p", text, class_="quiet"))
