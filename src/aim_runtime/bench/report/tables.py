"""The tables of a report: what was measured, and every figure of every point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.element import Child, element
from aim_runtime.bench.report.series import Run
from aim_runtime.bench.sample import Measured
from aim_runtime.slo import Slo

_PERCENTILES = (50, 90, 99)


def scrolled(caption: str, *rows: Element, class_: str = "figures") -> Element:
    """A table in a box of its own, which moves sideways where the page is narrow, also by the keyboard."""
    table = element("table", element("caption", element("span", caption)), *rows, class_=class_)
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def heading(text: Child, scope: str = "col", **attributes: str) -> Element:
    return element("th", text, scope=scope, **attributes)


def facts(runs: Sequence[Run]) -> Element:
    """What was measured, and how; what is not known is left out."""
    rows = []
    for name in _facts(runs[0]):
        values = [_facts(run)[name] for run in runs]
        if any(values):
            cells = (element("td", value or words.NOTHING) for value in values)
            rows.append(element("tr", heading(name, "row"), *cells))
    head = element("tr", element("td"), *(heading(run.label) for run in runs))
    head_of_several = [element("thead", head)] if len(runs) > 1 else []
    return scrolled("What was measured", *head_of_several, element("tbody", *rows), class_="words")


def _facts(run: Run) -> dict[str, str]:
    about = run.benchmark
    return {
        "Model": about.model,
        "Profile": about.profile_id or "",
        "Engine": about.engine or "",
        "Machine": about.machine,
        "Date": about.date,
        "Suite": about.suite,
        "Load generator": about.generator,
        "Service": about.service,
        "Start to ready": "" if about.started_s is None else words.duration(about.started_s),
        "Objectives": "" if about.slo is None else about.slo.text,
    }


def points(run: Run) -> Element:
    """Every figure of every point; latencies in milliseconds."""
    slo = run.benchmark.slo
    rates = ["requests/s", "output tokens/s", "all tokens/s", *(["goodput, requests/s"] if slo else [])]
    first = element(
        "tr",
        heading("Load: tokens in/out", rowspan="2"),
        heading("Answered", rowspan="2"),
        *(heading(rate, rowspan="2") for rate in rates),
        *([heading("Objectives", rowspan="2")] if slo else []),
        *(heading(f"{title}, ms", "colgroup", colspan="3") for title in words.TITLES.values()),
        heading("Failures", rowspan="2"),
    )
    second = element("tr", *(heading(f"p{at}") for _ in words.TITLES for at in _PERCENTILES))
    rows = (element("tr", *_cells(each, slo), **_look(each)) for each in run.benchmark.points)
    caption = f"All points of {run.label}"
    return scrolled(caption, element("thead", first, second), element("tbody", *rows))


def _look(point: Measured) -> dict[str, str]:
    return {} if point.ok else {"class_": "failed"}


def _cells(point: Measured, slo: Slo | None) -> Iterator[Element]:
    def cell(*text: Child, **attributes: str) -> Element:
        return element("td", *text, **attributes)

    def rate(value: float) -> Element:
        return cell(words.number(value) if point.samples else words.NOTHING)

    yield heading(point.point.name, "row")
    yield cell(f"{len(point.samples)} of {point.point.requests}", class_="figure" if point.ok else "wrong")
    for value in (point.requests_per_s, point.output_tokens_per_s, point.total_tokens_per_s):
        yield rate(value)
    if slo:
        yield rate(point.goodput(slo))
        broken = words.broken(point, slo)
        yield (
            cell(f"not {', '.join(broken)}", class_="wrong text")
            if broken
            else cell("kept", class_="right text")
        )
    for name in words.TITLES:
        for at in _PERCENTILES:
            yield cell(words.milliseconds(words.percentile(point, name, at)))
    yield cell(words.failures(point), class_="wrong text")
