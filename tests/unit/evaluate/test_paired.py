"""The interval of a paired difference: against values found in another way, and what must hold for any."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aim_runtime.evaluate.paired import Z_95, Paired, Verdict


@st.composite
def paired(draw: st.DrawFn) -> Paired:
    questions = draw(st.integers(1, 500))
    only_new = draw(st.integers(0, questions))
    return Paired(questions, only_new, draw(st.integers(0, questions - only_new)))


def by_search(pair: Paired, difference: float) -> float:
    """The likeliest share of questions that only the old one has right, by looking at many."""

    def likelihood(share: float) -> float:
        shares = (share + difference, share, 1 - 2 * share - difference)
        counts = (pair.only_new, pair.only_old, pair.questions - pair.only_new - pair.only_old)
        return sum(
            n * math.log(p) if p > 0 else (-math.inf if n else 0) for n, p in zip(counts, shares, strict=True)
        )

    low, high = max(0.0, -difference), (1 - difference) / 2
    for _ in range(200):
        third = (high - low) / 3
        if likelihood(low + third) < likelihood(high - third):
            low += third
        else:
            high -= third
    return (low + high) / 2


@pytest.mark.parametrize(
    ("pair", "difference"),
    [
        (Paired(100, 12, 5), 0.0),
        (Paired(100, 12, 5), -0.1),
        (Paired(44, 1, 0), 0.05),
        (Paired(50, 0, 9), -0.3),
        (Paired(1319, 60, 81), 0.01),
    ],
)
def test_the_likeliest_share_is_the_one_that_a_search_finds(pair: Paired, difference: float) -> None:
    assert pair.likeliest(difference) == pytest.approx(by_search(pair, difference), abs=1e-5)


@pytest.mark.parametrize(
    "pair", [Paired(100, 12, 5), Paired(44, 1, 0), Paired(50, 0, 9), Paired(1319, 60, 81)]
)
def test_the_ends_are_where_the_score_is_z(pair: Paired) -> None:
    for end, z in zip(pair.interval(), (Z_95, -Z_95), strict=True):
        variance = pair.questions * (2 * by_search(pair, end) + end * (1 - end))
        score = (pair.only_new - pair.only_old - pair.questions * end) / math.sqrt(variance)
        assert score == pytest.approx(z, abs=1e-2)


@pytest.mark.parametrize("questions", [1, 10, 100, 1319])
def test_of_equal_answers_the_interval_has_a_closed_form(questions: int) -> None:
    end = Z_95**2 / (questions + Z_95**2)
    assert Paired(questions, 0, 0).interval() == pytest.approx((-end, end))


def test_of_many_questions_it_is_the_normal_one() -> None:
    pair = Paired(1_000_000, 40_000, 50_000)
    deviation = math.sqrt((0.09 - 0.01**2) / 1_000_000)
    assert pair.interval() == pytest.approx((-0.01 - Z_95 * deviation, -0.01 + Z_95 * deviation), abs=1e-6)


@given(paired())
def test_it_holds_the_difference_and_turns_with_it(pair: Paired) -> None:
    low, high = pair.interval()
    assert -1 <= low <= pair.difference <= high <= 1
    turned = Paired(pair.questions, pair.only_old, pair.only_new).interval()
    assert turned == pytest.approx((-high, -low), abs=1e-6)


@given(paired(), st.floats(0, 0.5))
def test_the_number_that_would_tell_tells_and_one_less_does_not(pair: Paired, max_drop: float) -> None:
    needed = pair.questions_to_tell(max_drop)
    if pair.verdict(max_drop) is not Verdict.CANNOT_TELL:
        assert needed == pair.questions
    elif needed is not None:
        assert needed > pair.questions
        assert pair._times(needed).verdict(max_drop) is not Verdict.CANNOT_TELL
        assert pair._times(needed - 1).verdict(max_drop) is Verdict.CANNOT_TELL


@pytest.mark.parametrize(
    ("pair", "max_drop", "verdict"),
    [
        (Paired(100, 0, 20), 0.01, Verdict.WORSE),
        (Paired(100, 0, 20), 0.25, Verdict.CANNOT_TELL),
        (Paired(100, 0, 20), 0.35, Verdict.NOT_WORSE),
        (Paired(10, 0, 2), 0.01, Verdict.CANNOT_TELL),
        (Paired(10, 0, 0), 0.01, Verdict.CANNOT_TELL),
        (Paired(1000, 0, 0), 0.01, Verdict.NOT_WORSE),
        (Paired(1000, 50, 50), 0.03, Verdict.NOT_WORSE),
        (Paired(1000, 20, 0), 0.0, Verdict.NOT_WORSE),
        (Paired(1000, 0, 0), 0.0, Verdict.CANNOT_TELL),
    ],
)
def test_the_verdict(pair: Paired, max_drop: float, verdict: Verdict) -> None:
    assert pair.verdict(max_drop) is verdict


def test_no_number_tells_whether_equal_ones_differ_by_nothing() -> None:
    assert Paired(100, 3, 3).questions_to_tell(0.0) is None
