"""Patterns of a record: its rate, at the level that replicas are simulated at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from autoscaling.records import MEAN_LOAD, followed, records

HEAD = "at_s,share\n"


def written(folder: Path, lines: str) -> Path:
    path = folder / "cafe-2020.csv"
    path.write_text(HEAD + lines, encoding="utf-8")
    return path


def test_the_rate_is_that_of_the_record(tmp_path: Path) -> None:
    pattern = followed(written(tmp_path, "0,0\n100,0.5\n400,0.5\n600,1\n"), mean_load=2)
    assert (pattern.name, pattern.length_s, pattern.peak) == ("cafe-2020", 600, pytest.approx(6))
    assert [pattern.load(at) for at in (0, 99, 100, 399, 400, 599)] == pytest.approx([6, 6, 0, 0, 3, 3])


def test_requests_come_when_they_came(tmp_path: Path) -> None:
    pattern = followed(written(tmp_path, "900,0.9\n1000,0.9\n1800,1\n"), mean_load=1)
    arrived = [each.arrives_s for each in pattern.requests(1, 100, 100, seed=1)]
    assert len(arrived) == pytest.approx(1800, rel=0.1)
    assert sum(at < 900 for at in arrived) / len(arrived) == pytest.approx(0.9, abs=0.03)
    assert not any(900 <= at < 1000 for at in arrived)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("10,0.5\n9,1\n", "cafe-2020.csv:3: (9.0, 1.0) after (10.0, 0.5)"),
        ("10,0.5\n20,0.4\n", "cafe-2020.csv:3: (20.0, 0.4) after (10.0, 0.5)"),
        ("10,0.5\n", "cafe-2020.csv: ends at a share of 0.5, not at 1"),
        ("soon,0.5\n", """cafe-2020.csv:2: ValueError("could not convert string to float: 'soon'")"""),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        followed(written(tmp_path, lines))


def test_those_of_the_project_are_hours_at_the_wanted_level() -> None:
    found = records()
    assert [each.name for each in found] == ["azure-2023-code", "azure-2023-conv"]
    for each in found:
        assert 3000 < each.length_s < 4000
        parts = range(int(each.length_s))
        assert sum(map(each.load, parts)) / len(parts) == pytest.approx(MEAN_LOAD, rel=0.01)
