"""Points as users write them, and what is refused of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.bench.asked import parse_point, read_suite
from aim_runtime.bench.workload import Point
from aim_runtime.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("256/128x8", Point(256, 128, 80, concurrency=8)),
        (" 256/128x8:16 ", Point(256, 128, 16, concurrency=8)),
        ("256/128@2/s", Point(256, 128, 120, rate=2.0)),
        ("256/128@0.1/s", Point(256, 128, 10, rate=0.1)),
        ("256/128@2.5/s:7", Point(256, 128, 7, rate=2.5)),
    ],
)
def test_point(text: str, point: Point) -> None:
    assert parse_point(text) == point


@pytest.mark.parametrize(
    "text",
    [
        *("", "256/128", "256x8", "256/128x", "256/128x8:", "0/128x8", "256/0x8", "256/128x0"),
        *("256/128x8:0", "256/128@2", "256/128@0/s", "-1/2x3", "256/128x8x9", "a/bxc", "256/128x1.5"),
        "256/128@1e3/s",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_point(text)
    assert "IN/OUTxCLIENTS" in refused.value.hint


def test_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        """
name: night
points:
- [256, 128, 8, 80]
- [32, 16, 4]
- 64/32@2/s:10
- {input_tokens: 64, output_tokens: 32, rate: 0.5, requests: 20}
"""
    )
    suite = read_suite(path)
    assert suite.name == "night"
    assert suite.points == (
        Point(256, 128, 80, concurrency=8),
        Point(32, 16, 40, concurrency=4),
        Point(64, 32, 10, rate=2.0),
        Point(64, 32, 20, rate=0.5),
    )
    path.write_text("- [256, 128, 8, 80]")
    assert read_suite(path).name == "mine"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no list of points"),
        ("points: []", "no list of points"),
        ("pionts: [[1, 2, 3]]", "did you mean points"),
        ("- [256, 128]", "point 1: .* is not a point"),
        ("- [256, 128, 8, 80, 9]", "point 1: .* is not a point"),
        ("- 256/128x8\n- 256/128", "point 2: 256/128 is not a point"),
        ("- [256, many, 8]", "point 1: output_tokens is 'many', not a number"),
        ("- [256, true, 8]", "output_tokens is True, not a number"),
        ("- [256, 128, -8]", "every number of a point is above 0"),
        ("- {input_tokens: 1, output_tokens: 2, conurrency: 3}", "did you mean concurrency"),
        ("- {input_tokens: 1, output_tokens: 2}", "either a concurrency or a rate"),
        ("- {input_tokens: 1, output_tokens: 2, rate: 1, concurrency: 2}", "either a concurrency or a rate"),
        ("- {output_tokens: 2, concurrency: 2}", "input_tokens"),
        ("- {input_tokens: 1, output_tokens: 2, rate: .inf}", "rate is inf, not a number"),
        ("- {input_tokens: 1, output_tokens: 2, rate: .nan}", "rate is nan, not a number"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "points.yaml"
    path.write_text(content)
    with pytest.raises(InvalidValue, match=said) as refused:
        read_suite(path)
    assert str(path) in refused.value.message
