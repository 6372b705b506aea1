"""A result is read back as it was written, and its table for machines has a line a point."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from aim_runtime.bench.result import Benchmark, from_json, to_csv, to_json
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point
from aim_runtime.slo import parse_slo

GOOD = Measured(
    Point(32, 3, 2, concurrency=1),
    1.5,
    (Sample(32, 3, 0.1, 0.3, (0.1, 0.1)), Sample(31, 3, 0.2, 0.4000000000000001, (0.05, 0.15))),
)
BAD = Measured(
    Point(32, 1, 2, rate=0.5), 0.7, (Sample(32, 1, 0.1, 0.1),), {"http_500": 1}, {"http_500": "no"}
)
RESULT = Benchmark(
    service="http://127.0.0.1:8000",
    model="acme/tiny",
    profile_id=None,
    engine="vllm 0.32.0",
    machine="2 cores",
    date="2026-11-25T12:00:00+00:00",
    suite="smoke",
    generator="vllm",
    points=(GOOD, BAD),
    started_s=12.5,
    slo=parse_slo("ttft_p90_ms<=150,clients>=2"),
)


def test_json_is_read_back_as_it_was() -> None:
    assert from_json(json.loads(json.dumps(to_json(RESULT)))) == RESULT
    assert from_json(to_json(replace(RESULT, slo=None, points=()))) == replace(RESULT, slo=None, points=())


def test_json_tells_what_it_comes_to() -> None:
    read = to_json(RESULT)
    assert read["success"] is False
    assert [each["success"] for each in read["points"]] == [True, False]
    figures = read["points"][0]["figures"]
    assert figures["ttft_p50_s"] == 0.1
    assert figures["requests_per_s"] == pytest.approx(2 / 1.5)
    assert figures["tokens_per_s"] == pytest.approx(6 / 1.5)
    assert figures["goodput_per_s"] == pytest.approx(1 / 1.5)
    assert read["points"][1]["figures"]["tpot_p50_s"] is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        [],
        {"format": "aim-runtime/benchmark/1"},
        to_json(RESULT) | {"points": 3},
        to_json(RESULT) | {"points": [{"point": {}}]},
        to_json(RESULT) | {"slo": "fast"},
        to_json(RESULT) | {"format": "aim-runtime/benchmark/2"},
    ],
)
def test_anything_else_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(broken)


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(RESULT))))
    assert [row["success"] for row in rows] == ["true", "false"]
    assert [(row["concurrency"], row["rate"]) for row in rows] == [("1", ""), ("", "0.5")]
    assert [row["failed"] for row in rows] == ["0", "1"]
    assert rows[0]["ttft_p90_s"] == "0.2"
    assert rows[1]["tpot_p90_s"] == ""
