"""The figures of a point are computed from its requests alone."""

from __future__ import annotations

import pytest

from aim_runtime.bench.sample import Measured, Sample, Spread, spread
from aim_runtime.bench.workload import Point
from aim_runtime.slo import parse_slo

POINT = Point(input_tokens=16, output_tokens=5, requests=2, concurrency=2)
FAST = Sample(16, 5, ttft_s=0.1, e2e_s=0.5, itl_s=(0.1, 0.1, 0.1, 0.1))
SLOW = Sample(16, 5, ttft_s=0.6, e2e_s=1.4, itl_s=(0.1, 0.1, 0.1, 0.5))


def test_percentiles_are_values_that_were_seen() -> None:
    assert spread([]) is None
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0, 3.0)
    assert spread([float(each) for each in range(1, 101)]) == Spread(50.5, 50.0, 90.0, 99.0)


def test_figures_of_a_point() -> None:
    measured = Measured(POINT, 2.0, (FAST, SLOW))
    assert measured.ok
    assert measured.requests_per_s == 1.0
    assert measured.output_tokens_per_s == 5.0
    assert measured.total_tokens_per_s == 21.0
    assert measured.tpot is not None
    assert measured.tpot.p50 == pytest.approx(0.1)
    assert measured.tpot.p99 == pytest.approx(0.2)
    assert measured.itl is not None
    assert measured.itl.p99 == 0.5


def test_goodput_counts_requests_that_keep_every_limit() -> None:
    measured = Measured(POINT, 2.0, (FAST, SLOW))
    assert measured.goodput(parse_slo("ttft_p90_ms<=1000")) == 1.0
    assert measured.goodput(parse_slo("ttft_p90_ms<=1000,tpot_p90_ms<=150")) == 0.5
    assert measured.goodput(parse_slo("e2e_p90_ms<=100")) == 0.0


def test_a_point_with_a_failed_or_a_missing_request_is_not_ok() -> None:
    assert not Measured(POINT, 2.0, (FAST,)).ok
    assert not Measured(POINT, 2.0, (FAST, SLOW), {"timeout": 1}).ok


def test_a_point_has_one_kind_of_load() -> None:
    assert POINT.name == "16/5 x 2"
    assert Point(16, 5, 2, rate=0.5).name == "16/5 at 0.5/s"
    for wrong in ({}, {"concurrency": 1, "rate": 1.0}, {"concurrency": 0}):
        with pytest.raises(ValueError, match="point"):
            Point(16, 5, 2, **wrong)  # type: ignore[arg-type]
