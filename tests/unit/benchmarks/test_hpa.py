"""The autoscaler beside the examples of Kubernetes' own documentation, and its rules worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from autoscaling.hpa import USUAL_UP, Autoscaler, Policy, Rule, proposed, rule

AT_ONCE = Rule(window_s=0, period_s=15, pods=100)


def played(policy: Policy, current: int, totals: Sequence[float], every_s: float = 15) -> list[int]:
    """What the loop makes of one gauge's sums, one after the other."""
    loop, seen = Autoscaler(policy), []
    for number, total in enumerate(totals):
        current = loop.step(number * every_s, current, {"waiting": total})
        seen.append(current)
    return seen


@pytest.mark.parametrize(
    ("current", "average", "target", "expected"),
    [
        (3, 200, 100, 6),  # "if the current metric value is 200m and the desired value is 100m, … doubled"
        (4, 50, 100, 2),  # "if the current value is instead 50m, … halved"
        (50, 90, 75, 60),  # the announcement of the configurable tolerance, Kubernetes 1.33
        (10, 105, 100, 10),  # within the tolerance
        (10, 111, 100, 12),
        (10, 89, 100, 9),
        (3, 0, 5, 0),
    ],
)
def test_the_formula(current: int, average: float, target: float, expected: int) -> None:
    assert proposed(current, current * average, target) == expected


def test_by_default_four_pods_or_twice_as_many_are_added_in_15_seconds() -> None:
    policy = Policy("", {"waiting": 1}, maximum=100)
    assert played(policy, 1, [100] * 6) == [5, 10, 20, 40, 80, 100]


def test_one_pod_in_five_minutes_goes() -> None:
    down = Rule(window_s=0, period_s=300, pods=1)
    seen = played(Policy("", {"waiting": 1}, maximum=9, down=down), 4, [0] * 60)
    assert seen[0] == 3
    assert [number * 15 for number in range(1, 60) if seen[number] < seen[number - 1]] == [300, 600]
    assert seen[-1] == 1  # the minimum


def test_fewer_only_when_nothing_in_the_window_asked_for_more() -> None:
    down = Rule(window_s=60, period_s=15, pods=100)
    seen = played(Policy("", {"waiting": 1}, maximum=9, up=AT_ONCE, down=down), 1, [5, 0, 0, 0, 0, 3, 0])
    # 5 was proposed at 0 s; at 60 s it is a window ago, and the next to hold is 1.
    assert seen == [5, 5, 5, 5, 1, 3, 3]


def test_more_only_when_the_whole_window_asked_for_it() -> None:
    up = Rule(window_s=60, period_s=15, pods=100)
    seen = played(Policy("", {"waiting": 1}, maximum=9, up=up), 1, [1, 1, 1, 1, 6, 6, 6, 6])
    assert seen == [1, 1, 1, 1, 1, 1, 1, 6]


def test_the_highest_of_the_signals_wins() -> None:
    loop = Autoscaler(Policy("", {"waiting": 5, "running": 100}, maximum=9, up=AT_ONCE))
    assert loop.step(0, 1, {"waiting": 0, "running": 320}) == 4
    assert loop.step(15, 4, {"waiting": 40, "running": 320}) == 8


def test_without_signals_nothing_changes() -> None:
    assert Autoscaler(Policy("", {}, maximum=9)).step(0, 3, {"waiting": 1000}) == 3


def test_a_behaviour_is_read_as_the_api_has_it() -> None:
    one = {"type": "Pods", "value": 1, "periodSeconds": 300}
    assert rule({"stabilizationWindowSeconds": 600, "policies": [one]}, USUAL_UP) == Rule(600, 300, pods=1)
    assert rule({"stabilizationWindowSeconds": 60}, USUAL_UP) == Rule(60, 15, pods=4, percent=100)
    assert rule({}, USUAL_UP) == USUAL_UP
    with pytest.raises(ValueError, match="several periods"):
        rule({"policies": [one, {**one, "periodSeconds": 60}]}, USUAL_UP)
