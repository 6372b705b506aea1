"""What a benchmark comes down to, on cards, or in columns where there are several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from aim_runtime.bench.report import words
from aim_runtime.bench.report.element import element
from aim_runtime.bench.report.series import Run
from aim_runtime.bench.report.tables import heading, scrolled
from aim_runtime.bench.result import Benchmark
from aim_runtime.bench.sample import Measured


@dataclass(frozen=True)
class Card:
    title: str
    value: str
    note: str
    bad: bool = False


def summary(runs: Sequence[Run]) -> Element:
    cards = [{card.title: card for card in _cards(run.benchmark)} for run in runs]
    if len(runs) == 1:
        return element("dl", *(_drawn(card) for card in cards[0].values()), class_="cards")
    titles = dict.fromkeys(title for each in cards for title in each)
    rows = (
        element("tr", heading(title, "row"), *(_cell(each.get(title)) for each in cards)) for title in titles
    )
    head = element("thead", element("tr", element("td"), *(heading(run.label) for run in runs)))
    return scrolled("In short", head, element("tbody", *rows), class_="words")


def _cards(benchmark: Benchmark) -> Iterator[Card]:
    """The best of the points that are whole: what a point with failures reached is no merit."""
    whole = [each for each in benchmark.points if each.ok]
    yield _best("Highest throughput", whole, lambda point: point.output_tokens_per_s, "output tokens/s")
    yield _best("Shortest TTFT, p50", whole, _speed("ttft"), "", lambda speed: words.duration(1 / speed))
    yield _best("Fastest for one user", whole, _speed("tpot"), "tokens/s")
    if benchmark.slo:
        slo = benchmark.slo
        kept = sum(not words.broken(each, slo) for each in benchmark.points)
        note = slo.text.replace(",", ", ")
        yield Card("Points that keep the objectives", f"{kept} of {len(benchmark.points)}", note, not kept)
        yield _best("Best goodput", whole, lambda point: point.goodput(slo), "requests/s")
    answered = sum(len(each.samples) for each in benchmark.points)
    asked = sum(each.point.requests for each in benchmark.points)
    failed = sum(not each.ok for each in benchmark.points)
    note = f"{failed} of {len(benchmark.points)} points failed" if failed else "every point succeeded"
    yield Card("Requests answered", f"{answered:,} of {asked:,}", note, bool(failed))
    if benchmark.started_s is not None:
        yield Card("Start to ready", words.duration(benchmark.started_s), "of the service")


def _speed(figure: str) -> Callable[[Measured], float]:
    def of(point: Measured) -> float:
        seconds = words.percentile(point, figure, 50)
        return 1 / seconds if seconds else 0.0

    return of


def _best(
    title: str,
    points: Sequence[Measured],
    of: Callable[[Measured], float],
    unit: str,
    said: Callable[[float], str] = words.number,
) -> Card:
    best = max(points, key=of, default=None)
    if best is None or not of(best):
        return Card(title, words.NOTHING, "no point has it")
    return Card(title, f"{said(of(best))} {unit}".strip(), f"at {best.point.name}")


def _drawn(card: Card) -> Element:
    value = element("dd", card.value, class_="value wrong" if card.bad else "value")
    return element("div", element("dt", card.title), value, element("dd", card.note, class_="quiet"))


def _cell(card: Card | None) -> Element:
    if card is None:
        return element("td", words.NOTHING)
    note = element("span", card.note, class_="quiet note")
    return element("td", card.value, note, class_="wrong" if card.bad else "value")
