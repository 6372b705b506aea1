"""The tables of the simulated autoscaler: by policy, pattern, start, drain and route."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import yaml
from autoscaling.arrivals import BURSTS, DAY_S, PATTERNS, STEP, STEP_S, WAVE, Request
from autoscaling.curve import measured
from autoscaling.hpa import Policy
from autoscaling.outcome import Outcome
from autoscaling.records import records
from autoscaling.simulation import RUNNING, WAITING, Deployment, simulate

from aim_runtime.deploy.kubernetes.autoscale import WAITING as QUEUE
from aim_runtime.profiles.catalog import shipped_root
from scale.given import COLD_S, DISK, WARM_S
from scale.markdown import seconds, table
from scale.plans import budgets
from scale.scaler import (
    BY_SPEED,
    COUNT,
    DOWN,
    GENERATED,
    GPU,
    MAXIMUM,
    SEED,
    UP,
    deployment,
    played,
    policies,
    starts,
)

DRAINS_S = (60.0, 300.0, 900.0)
SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct/vllm-cpu-bf16-tp1-throughput.yaml"
_HEADS = ("queue p50", "p90", "p99", "a token, p90", "GPU hours", "most replicas", "cut off")


def starting() -> str:
    """The starts that the simulation plays, each with where its seconds come from."""
    most = budgets(GPU, COUNT)
    loading = most.start_s - most.fetch_s
    said = (
        WARM_S.source,
        f"{COLD_S.source}; the weights at {DISK.shown}",
        f"the plan's budget: {loading} s to load and prepare",
        f"the plan's budget: {most.fetch_s} s to fetch, {loading} s to load and prepare",
    )
    rows = zip(starts(), said, strict=True)
    return table(["start", "seconds", "from"], ([each.name, f"{each.start_s:g}", why] for each, why in rows))


def _cells(outcome: Outcome) -> list[str]:
    queued = outcome.queued
    waits = [seconds(queued.p50), seconds(queued.p90), seconds(queued.p99)]
    hours = f"{outcome.gpu_hours:.0f}" if outcome.gpu_hours >= 10 else f"{outcome.gpu_hours:.1f}"
    return [*waits, seconds(outcome.token.p90), hours, str(outcome.most), str(outcome.cut_off)]


def signals() -> str:
    """What each policy goes by."""
    rows = []
    for policy in policies():
        each = ", ".join(f"{name} {value:g}" for name, value in policy.signals.items()) or "nothing"
        down = policy.down
        less = f"{down.pods} pod" if down.pods else f"{down.percent}%"
        steps = f"up {policy.up.window_s:g} s; down {down.window_s:g} s, {less} in {down.period_s:g} s"
        rows.append([policy.name, each, steps if policy.signals else ""])
    return table(["policy", "wanted for each replica", "windows"], rows)


def by_pattern() -> str:
    """All policies against all patterns, replicas starting warm."""
    rows = []
    for pattern in (*PATTERNS, *records()):
        for number, policy in enumerate(policies()):
            rows.append([pattern.name, policy.name, *_cells(played(pattern, number, WARM_S.value))])
    return table(["pattern", "policy", *_HEADS], rows)


def by_start() -> str:
    """How long a replica starts, for two of the policies."""
    rows = []
    for pattern in (STEP, BURSTS):
        for start in starts():
            for number in (GENERATED, BY_SPEED):
                name = policies()[number].name
                rows.append([pattern.name, start.name, name, *_cells(played(pattern, number, start.start_s))])
    return table(["pattern", "start", "policy", *_HEADS], rows)


def by_route() -> str:
    """A Service, which takes any replica, beside a gateway that takes the least busy."""
    rows = []
    for pattern in (STEP, WAVE):
        for least_busy, name in ((False, "any (Service)"), (True, "least busy (InferencePool)")):
            outcome = played(pattern, GENERATED, WARM_S.value, least_busy)
            rows.append([pattern.name, name, *_cells(outcome)])
    return table(["pattern", "replica", *_HEADS], rows)


def by_drain() -> str:
    """How long a replica that goes may still answer."""
    rows = []
    for drain_s in DRAINS_S:
        same = drain_s == deployment().drain_s
        outcome = played(WAVE, GENERATED, WARM_S.value, drain_s=None if same else drain_s)
        asked = len(outcome.jobs)
        rows.append([f"{drain_s:g} s", f"{outcome.cut_off} of {asked:,}", f"{outcome.gpu_hours:.0f}"])
    return table(["AIM_DRAIN_SECONDS", "cut off", "GPU hours"], rows)


def through_the_day() -> str:
    """Replicas on the average, by the hours of the daily wave."""
    edges = [DAY_S * number / 8 for number in range(9)]
    heads = [f"{begin / 3600:g} to {end / 3600:g} h" for begin, end in pairwise(edges)]
    rows = [
        [
            "load, in full replicas",
            *(f"{_mean_load(a, b):.1f}" for a, b in pairwise(edges)),
        ]
    ]
    for number, policy in enumerate(policies()):
        outcome = played(WAVE, number, WARM_S.value)
        means = (f"{outcome.mean(a, b):.1f}" for a, b in pairwise(edges))
        rows.append([policy.name, *means])
    return table(["replicas", *heads], rows)


def _mean_load(begin: float, end: float, parts: int = 100) -> float:
    step = (end - begin) / parts
    return sum(WAVE.load(begin + step * (number + 0.5)) for number in range(parts)) / parts


def of_measurement() -> str:
    """The same loop around the one curve that was measured: the small model on two cores."""
    profile = yaml.safe_load((shipped_root() / SMALL).read_text(encoding="utf-8"))
    figures = profile["evidence"]["figures"]
    one = measured(figures)
    slots, speed = one.points[-1]
    made, start_s = 64, figures["start_to_ready_s"]
    alike = Deployment(one, slots, start_s, 60)
    requests = STEP.requests(speed / made, 128, made, SEED)
    half = [each for each in requests if each.arrives_s < 3 * STEP_S]
    rows = []
    for policy in (
        Policy("queue alone", {WAITING: QUEUE}, MAXIMUM, up=UP, down=DOWN),
        Policy(
            f"queue, running {slots // 2}", {WAITING: QUEUE, RUNNING: slots // 2}, MAXIMUM, up=UP, down=DOWN
        ),
    ):
        rows.append([policy.name, *_cells(simulate(half, alike, policy, 3 * STEP_S, SEED))])
    return table(["policy", *_HEADS[:4], "replica hours", *_HEADS[5:]], rows)


def replayed(requests: Sequence[Request], path: Path) -> str:
    """A user's own arrivals, played at their own rate with every policy."""
    length_s = max(requests[-1].arrives_s, 60.0)
    rows = [
        [path.name, policy.name, *_cells(simulate(requests, deployment(), policy, length_s, SEED))]
        for policy in policies()
    ]
    return table(["arrivals", "policy", *_HEADS], rows)
