"""What is better, what a service level refuses, and when answers are no longer those of the same model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.slo import parse_slo
from aim_runtime.tune.answers import Answers, agreement
from aim_runtime.tune.goal import START, Goal, figures_of, goal_for
from aim_runtime.tune.trial import Journal, Outcome, Trial
from aim_runtime.vocabulary import Metric


def goal(metric: Metric, slo: str | None = None) -> Goal:
    return goal_for(metric, parse_slo(slo) if slo else None, input_tokens=128, output_tokens=64)


def measured(ttft_s: float, seconds: float = 10.0) -> Measured:
    point = goal(Metric.LATENCY).point
    return Measured(point, seconds, (Sample(128, 64, ttft_s, ttft_s + 0.63),) * point.requests)


def test_the_load_follows_the_metric_and_the_service_level() -> None:
    assert goal(Metric.LATENCY).point.concurrency == 1
    assert goal(Metric.THROUGHPUT).point.concurrency == 32
    assert goal(Metric.THROUGHPUT, "ttft_p90_ms<=500,clients>=8").point.concurrency == 8


@pytest.mark.parametrize(
    ("metric", "new", "old", "gain"),
    [
        (Metric.THROUGHPUT, {"tokens_per_s": 300.0}, {"tokens_per_s": 200.0}, 1.5),
        (
            Metric.LATENCY,
            {"tpot_p50_s": 0.01, "ttft_p50_s": 0.1, START: 20.0},
            {"tpot_p50_s": 0.02, "ttft_p50_s": 0.1, START: 20.0},
            2**0.5,
        ),
        (
            Metric.LATENCY,  # a start that is a little quicker is no quicker
            {"tpot_p50_s": 0.01, "ttft_p50_s": 0.1, START: 18.0},
            {"tpot_p50_s": 0.01, "ttft_p50_s": 0.1, START: 20.0},
            1.0,
        ),
        (
            Metric.LATENCY,
            {"tpot_p50_s": 0.01, "ttft_p50_s": 0.1, START: 25.0},
            {"tpot_p50_s": 0.01, "ttft_p50_s": 0.1, START: 100.0},
            4**0.25,
        ),
    ],
)
def test_how_much_better(metric: Metric, new: dict[str, float], old: dict[str, float], gain: float) -> None:
    assert goal(metric).gain(new, old) == pytest.approx(gain)
    assert goal(metric).gain(old, new) == pytest.approx(1 / gain)


def test_figures_are_named_as_in_evidence() -> None:
    figures = figures_of(measured(0.1), 23.0)
    assert figures[START] == 23.0
    assert figures["tpot_p50_s"] == pytest.approx(0.01)


def test_a_missed_service_level_is_told_with_what_was_seen() -> None:
    limited = goal(Metric.LATENCY, "ttft_p90_ms<=50,tpot_p90_ms<=50")
    assert limited.missed(measured(0.1)) == "ttft_p90_ms<=50 is missed: 100 ms"
    assert limited.missed(measured(0.04)) == ""


REFERENCE = Answers(((1, 2, 3, 4), (5, 6, 7, 8)), ((9,), (9,)), ((-0.5,) * 4, (-0.1,) * 4))


@pytest.mark.parametrize(
    ("answers", "scores", "against"),
    [
        (((1, 2, 3, 4), (5, 6, 7, 8)), REFERENCE.scores, ""),
        # Rounding: one answer parts after half of it, the probabilities are nearly the same.
        (((1, 2, 0, 0), (5, 6, 7, 8)), ((-0.52,) * 4, (-0.1,) * 4), ""),
        (((1, 2, 3, 4), (5, 6, 7, 8)), ((-0.9,) * 4, (-0.1,) * 4), "0.200 nats a token"),
        (((0, 2, 3, 4), (5, 0, 7, 8)), REFERENCE.scores, "12% of them alike"),
        (((1, 2, 0, 0), (5, 6, 7, 0)), None, "62% of them alike, 70% wanted"),
        (((1, 2, 3, 4), (5, 6, 7, 8)), ((float("nan"),) * 4, (-0.1,) * 4), "nan nats"),
        (((), ()), None, "0% of them alike"),
    ],
)
def test_when_answers_are_of_another_model(
    answers: tuple[tuple[int, ...], ...], scores: tuple[tuple[float, ...], ...] | None, against: str
) -> None:
    found = agreement(REFERENCE, answers, scores).against
    assert (against in found) if against else not found


def test_a_journal_is_read_back_and_a_torn_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    first = Trial(0, "a", "defaults", {}, Outcome.REFERENCE, gain=1.0, figures={"tokens_per_s": 1.0})
    second = Trial(1, "b", "seed", {"block-size": 64}, Outcome.WON, ratios=(1.2, 1.3), gain=1.25, seconds=3)
    lost = Trial(2, "c", "seed", {}, Outcome.LOST, ratios=(0.9,), gain=1.1)
    journal = Journal(path)
    for each in (first, second, lost):
        journal.add(each)
    with path.open("a") as file:
        file.write(json.dumps(lost.to_json())[:40])
    again = Journal(path)
    assert again.trials == [first, second, lost]
    assert again.champion == second
    assert again.seconds == 3
    again.add(lost)
    assert len(Journal(path).trials) == 4
