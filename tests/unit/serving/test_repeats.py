"""Counting what repeats."""

from __future__ import annotations

import pytest

from aim_runtime.serving import repeats
from aim_runtime.serving.repeats import Repeats, without_numbers


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_kind_has_its_own_time() -> None:
    clock = Clock()
    counted = Repeats(clock)
    assert [counted.shows("a", f"a{number}") for number in range(7)] == [True] * 5 + [False] * 2
    clock.now = 6
    assert [counted.shows("b", "b0") for _ in range(6)] == [True] * 5 + [False]
    assert list(counted.over()) == []
    clock.now = 10
    assert list(counted.over()) == [("a0", 2)]
    assert counted.shows("a", "again")
    clock.now = 16
    assert list(counted.over()) == [("b0", 1)]
    assert list(counted.over(all_of_them=True)) == []


def test_kinds_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_MOST", 3)
    counted = Repeats(Clock())
    for _ in range(6):
        counted.shows("old", "old")
    for number in range(3):
        counted.shows(number, number)
    assert list(counted.over()) == [("old", 1)]
    assert len(counted._kinds) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10.0.0.7:41122 - GET", "10.0.0.8:5 - GET"),
        ("took 1.5 s, 1,234 tokens", "took 20 s, 9 tokens"),
        ("at 0x7fab12", "at 0x1"),
        ("id 9c689afd51c40c89", "id b018cacd7880eeb6"),
        ("session deadbeef01", "session 12345678"),
    ],
)
def test_only_numbers_differ(one: str, other: str) -> None:
    assert without_numbers(one) == without_numbers(other)


@pytest.mark.parametrize(("one", "other"), [("GET /a", "GET /b"), ("facade", "decade"), ("a1", "b1")])
def test_words_differ(one: str, other: str) -> None:
    assert without_numbers(one) != without_numbers(other)
