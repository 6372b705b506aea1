"""Benchmarks side by side, and what plots are made of."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aim_runtime.bench.report import report
from aim_runtime.bench.report.layers import Mark, ticks
from aim_runtime.bench.report.plots import front
from aim_runtime.bench.report.series import COLOURS, Series, runs
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point
from unit.bench.made_up import MODEL, benchmark, failed, measured, points
from unit.bench.test_report import Page, row, titles

POINT = Point(16, 5, 1, concurrency=2)
SLOW = Measured(POINT, 2.0, (Sample(16, 5, 0.2, 1.0, (0.2, 0.2, 0.2, 0.2)),))
FAST = Measured(POINT, 1.0, (Sample(16, 5, 0.2, 0.4, (0.05, 0.05, 0.05, 0.05)),))
RATIOS = "fast against slow: how many times as good"


def test_ratios_say_how_many_times_as_good() -> None:
    page = Page(report([benchmark([SLOW], profile_id="slow"), benchmark([FAST], profile_id="fast")]))
    assert page.tables[RATIOS][0] == [
        *("Load: tokens in/out", "output tokens/s", "TTFT p50", "TTFT p90"),
        *("TPOT p50", "TPOT p90", "End to end p50", "End to end p90"),
    ]
    found = [cell.split("×")[0] for cell in row(page, RATIOS, "16/5 x 2")]  # noqa: RUF001
    assert found == ["▲ 2.00", "1.00", "1.00", "▲ 4.00", "▲ 4.00", "▲ 2.50", "▲ 2.50"]
    assert row(page, RATIOS, "geometric mean") == row(page, RATIOS, "16/5 x 2")
    back = Page(report([benchmark([FAST], profile_id="fast"), benchmark([SLOW], profile_id="slow")]))
    assert row(back, "slow against fast: how many times as good", "16/5 x 2")[0] == "▼ 0.50×"  # noqa: RUF001


def test_a_point_with_failures_is_not_compared() -> None:
    first = [measured(each) for each in points()]
    other = [measured(each, 2.0) for each in points()]
    other[2] = failed(other[2], 1)
    page = Page(report([benchmark(first, profile_id="slow"), benchmark(other, profile_id="fast")]))
    assert row(page, RATIOS, "256/64 x 32") == ["failed"] * 7
    for cell in row(page, RATIOS, "geometric mean"):
        assert cell.startswith("▲ "), cell
    assert "1 of 6 points failed" in page.text
    assert "256/64 x 32 of fast: 1 of 16 not answered" in page.text


def test_points_that_only_one_has_are_named() -> None:
    first = benchmark([measured(each) for each in points(loads=(1, 8))], profile_id="slow")
    other = benchmark([measured(each) for each in points(loads=(8, 16))], profile_id="fast")
    page = Page(report([first, other]))
    assert "Not in all of them: 256/64 x 1; 256/64 x 16." in page.text
    assert [cells[0] for cells in page.tables[RATIOS][1:]] == ["256/64 x 8", "geometric mean"]
    none = Page(report([first, benchmark([measured(points(loads=(64,))[0])], profile_id="fast")]))
    assert row(none, RATIOS, "geometric mean") == ["–"] * 7  # noqa: RUF001


def test_each_length_has_its_plots_with_all_benchmarks_in_them() -> None:
    shapes = ((256, 64), (64, 32))
    first = benchmark([measured(each) for each in points(shapes)], profile_id="slow")
    other = benchmark([measured(each, 2.0) for each in points(shapes)], profile_id="fast")
    page = Page(report([first, other]))
    by_load = ["Output tokens/s against", "TTFT p50 and p90 against", "TPOT p50 and p90 against"]
    assert titles(page) == [
        *(f"{each} concurrency" for each in by_load * 2),
        *("Pareto front, 256 in / 64 out", "Pareto front, 64 in / 32 out"),
        *(["TTFT", "TPOT", "ITL"] * 4),
    ]
    for label in ("slow, 8 at a time: p50", "fast, 8 at a time: p50"):
        assert any(label in have.get("aria-label", "") for have in page.all("svg"))
    assert {"All points of slow", "All points of fast"} <= set(page.tables)
    assert page.tables["In short"][0] == ["", "slow", "fast"]


def test_a_benchmark_is_known_by_what_tells_it_apart() -> None:
    same = [benchmark([], profile_id=each) for each in ("a", "b", "a", None)]
    assert [each.label for each in runs(same)] == ["a (1)", "b", "a (2)", MODEL]
    other = [benchmark([], model=model, profile_id=each) for model, each in (("x", "a"), ("y", None))]
    assert [each.label for each in runs(other)] == ["x, a", "y, no profile"]


def test_the_front_is_what_no_other_point_beats_in_both() -> None:
    series = Series("", 0, ())
    whole, broken = FAST, failed(FAST, 1)
    places = [(1.0, 9.0), (2.0, 5.0), (2.0, 7.0), (3.0, 6.0), (2.5, 6.0), (4.0, 1.0)]
    marks = [Mark(series, whole, x, y, "") for x, y in places]
    best = front([*marks, Mark(series, broken, 9.0, 9.0, "")])
    assert [(each.x, each.y) for each in best] == [(1.0, 9.0), (2.0, 7.0), (3.0, 6.0), (4.0, 1.0)]


def test_series_are_told_apart_by_colour_or_marker() -> None:
    looks = {(each.colour, each.marker) for place in range(3 * COLOURS) for each in [Series("", place, ())]}
    assert len(looks) == 3 * COLOURS
    first = [Series("", place, ()) for place in range(COLOURS)]
    assert len({each.marker for each in first}) == len({each.colour for each in first}) == COLOURS


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((8.0, 120.0), [10, 20, 50, 100]),
        ((0.9, 11000.0), [1, 10, 100, 1000, 10000]),
        ((20.0, 40.0), [20, 25, 30, 35, 40]),
        ((99.0, 101.0), None),
        ((0.092, 0.108), None),
        ((15.0, 60.0), None),
    ],
)
def test_an_axis_has_round_labels_with_room(ends: tuple[float, float], expected: list[float] | None) -> None:
    found = ticks(*ends)
    assert 2 <= len(found) <= 6
    assert all(ends[0] <= each <= ends[1] for each in found)
    ratio = ends[1] / ends[0]
    assert all(after / before >= ratio**0.17 for before, after in pairwise(found))
    if expected:
        assert found == expected
