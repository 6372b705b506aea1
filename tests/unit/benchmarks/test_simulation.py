"""The simulated deployment beside what queueing theory has a formula for, and cases worked out by hand."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise

import pytest
import simpy
from autoscaling.arrivals import STEADY, STEP, STEP_S, Request
from autoscaling.curve import Curve, constant
from autoscaling.hpa import Policy, Rule
from autoscaling.replica import Job, Replica
from autoscaling.simulation import Cluster, Deployment, simulate

FIXED = Policy("", {}, maximum=1)


def poisson(rate: float, count: int, tokens: int, seed: int = 7) -> list[Request]:
    chance = random.Random(seed)
    times = accumulate(chance.expovariate(rate) for _ in range(count))
    return [Request(at, 0, tokens) for at in times]


@pytest.mark.parametrize("busy", [0.5, 0.8])
def test_the_wait_of_one_server_is_that_of_the_formula(busy: float) -> None:
    # M/D/1 (Pollaczek, Khinchine): the mean wait is busy / (2 (1 - busy)) services. A service is one second.
    requests = poisson(busy, 40_000, tokens=10)
    outcome = simulate(requests, Deployment(constant(10), 1, 0, 0), FIXED, length_s=1)
    assert outcome.queued.mean == pytest.approx(busy / (2 * (1 - busy)), rel=0.05)
    assert outcome.token.p50 == pytest.approx(0.1)


def test_requests_that_share_one_speed_stay_as_long_as_the_formula_says() -> None:
    # M/D/1 with processor sharing: the mean stay is service / (1 - busy), whatever the lengths.
    requests = poisson(0.6, 20_000, tokens=10)
    outcome = simulate(requests, Deployment(constant(10), 10**6, 0, 0), FIXED, length_s=1)
    assert outcome.queued.p99 == 0
    assert outcome.token.mean * 10 == pytest.approx(1 / (1 - 0.6), rel=0.05)


def test_requests_together_go_by_the_curve() -> None:
    # One alone has 10 tokens a second, two have 16. The first is alone for 1 s (10 of its 26 tokens), then
    # has 8 a second for 2 s; the other has 16 of its 26 by then, and 10 a second for its last second.
    env = simpy.Environment()
    replica = Replica(env, Curve(((1, 10.0), (2, 16.0))), slots=2)
    first, second = Job(Request(0, 0, 26)), Job(Request(1, 0, 26))
    replica.submit(first)
    env.run(until=1)
    replica.submit(second)
    env.run()
    assert (first.ended_s, second.ended_s) == (pytest.approx(3), pytest.approx(4))


def test_a_replica_that_goes_answers_what_it_can_until_its_drain_ends() -> None:
    requests = [Request(0, 0, 100), *(Request(number / 100, 0, 20) for number in range(1, 20))]
    soon = Rule(window_s=0, period_s=15, pods=9)
    policy = Policy("", {"waiting": 1}, maximum=9, minimum=1, up=soon, down=soon)
    deployment = Deployment(constant(10), slots=1, start_s=5, drain_s=3)
    outcome = simulate(requests, deployment, policy, length_s=60)
    # All came to the only replica there was: those that were started for them found nothing to do, and went.
    assert outcome.cut_off == 0
    assert outcome.most > 1
    late = [pod for pod in outcome.pods if pod.created_s > 0]
    assert all(pod.ready_s is None or pod.ready_s == pod.created_s + 5 for pod in late)


def test_what_outlasts_the_drain_is_cut_off() -> None:
    env = simpy.Environment()
    cluster = Cluster(env, Deployment(constant(10), slots=9, start_s=5, drain_s=30), random.Random(1))
    cluster.add(start_s=0)
    short, long = Job(Request(0, 0, 100)), Job(Request(0, 0, 1000))
    cluster.route(short)
    cluster.route(long)
    cluster.remove()
    env.run()
    assert short.ended_s == pytest.approx(20)
    assert long.ended_s is None
    assert cluster.pods[0].ended_s == 30


def test_gpu_hours_count_from_the_order_and_not_from_readiness() -> None:
    # One replica for the whole hour; 8 GPUs each.
    outcome = simulate([Request(0, 0, 10)], Deployment(constant(10), 1, 0, 0, gpus=8), FIXED, length_s=3600)
    assert outcome.gpu_hours == 8


def test_arrivals_follow_the_rate_and_the_seed() -> None:
    made = STEP.requests(per_replica=1.0, input_tokens=10, output_tokens=20, seed=3)
    before = [each for each in made if each.arrives_s < STEP_S]
    assert len(before) == pytest.approx(0.5 * STEP_S, rel=0.1)
    assert len(made) - len(before) == pytest.approx(2.5 * (STEP.length_s - STEP_S), rel=0.05)
    assert all(one.arrives_s <= other.arrives_s for one, other in pairwise(made))
    assert sum(each.output_tokens for each in made) / len(made) == pytest.approx(20, rel=0.05)
    assert made == STEP.requests(1.0, 10, 20, seed=3)
    assert made != STEP.requests(1.0, 10, 20, seed=4)
    assert len(STEADY.requests(1.0, 10, 20, seed=3)) == pytest.approx(1.5 * STEADY.length_s, rel=0.05)
