"""What is simulated: the replica, how long it starts, and the policies, the generated one among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from autoscaling.arrivals import Pattern, Request
from autoscaling.hpa import USUAL_DOWN, USUAL_UP, Policy, rule
from autoscaling.outcome import Outcome
from autoscaling.simulation import CACHE, RUNNING, WAITING, Deployment, simulate

from aim_runtime.deploy.kubernetes.autoscale import BEHAVIOR, BUSY
from aim_runtime.deploy.kubernetes.autoscale import WAITING as QUEUE
from scale.fits import at_once
from scale.given import COLD_S, DISK, INPUT, OUTPUT, WARM_S
from scale.plans import budgets, shape
from scale.roofline import curve, token_s

GPU, COUNT, MAXIMUM, SEED = "MI300X", 2, 4, 1
# Their places among the policies.
GENERATED, BY_SPEED = 2, 5
TOKEN_S = 0.06
# As `generate kubernetes --autoscaler` writes them.
_GENERATED: Mapping[str, Any] = BEHAVIOR
UP, DOWN = rule(_GENERATED["scaleUp"], USUAL_UP), rule(_GENERATED["scaleDown"], USUAL_DOWN)


@dataclass(frozen=True)
class Start:
    name: str
    start_s: float


def _weights() -> int:
    size_bytes = shape(GPU, COUNT).model.weights_bytes
    assert size_bytes
    return size_bytes


def starts() -> tuple[Start, ...]:
    most = budgets(GPU, COUNT)
    return (
        Start("warm", WARM_S.value),
        Start("copy on the node's disk", round(COLD_S.value + _weights() / DISK.value)),
        Start("shared volume", most.start_s - most.fetch_s),
        Start("fetched", most.start_s),
    )


@cache
def deployment() -> Deployment:
    slots = at_once(GPU, COUNT, INPUT + OUTPUT)
    fit = shape(GPU, COUNT).fit
    assert fit.pool is not None
    cached = int(fit.pool.concurrency(INPUT + OUTPUT))
    drain_s = budgets(GPU, COUNT).drain_s
    return Deployment(curve(GPU, COUNT, INPUT, OUTPUT), slots, WARM_S.value, drain_s, COUNT, cached=cached)


def per_replica(one: Deployment, output_tokens: int) -> float:
    """Requests a second that a full replica answers."""
    return one.curve.rate(one.slots) / output_tokens


def comfortable() -> int:
    """The most requests at once that are each answered at the wanted speed."""
    slots = deployment().slots
    return max(n for n in range(1, slots + 1) if token_s(GPU, COUNT, n, INPUT, OUTPUT) <= TOKEN_S)


def full_length() -> int:
    """Requests of full length at once: the figure that a fit ends with."""
    fit = shape(GPU, COUNT).fit
    assert fit.concurrency is not None
    return min(int(fit.concurrency), fit.demand.max_num_seqs)


def policies() -> tuple[Policy, ...]:
    most = shape(GPU, COUNT).fit.demand.max_num_seqs
    generated = {WAITING: QUEUE, RUNNING: round(BUSY * most), CACHE: BUSY}
    whole = {**generated, RUNNING: round(BUSY * full_length())}
    quick = {**generated, RUNNING: comfortable()}
    speed = f"running for {TOKEN_S * 1000:.0f} ms a token"
    return (
        Policy("3 replicas, always", {}, 3, 3),
        Policy("queue alone", {WAITING: QUEUE}, MAXIMUM),
        Policy("as generated", generated, MAXIMUM, up=UP, down=DOWN),
        Policy("as generated, up at once", generated, MAXIMUM, up=replace(UP, window_s=0), down=DOWN),
        Policy("running by full length", whole, MAXIMUM, up=UP, down=DOWN),
        Policy(speed, quick, MAXIMUM, up=UP, down=DOWN),
    )


@cache
def _requests(pattern: Pattern) -> tuple[Request, ...]:
    return tuple(pattern.requests(per_replica(deployment(), OUTPUT), INPUT, OUTPUT, SEED))


@cache
def played(
    pattern: Pattern, number: int, start_s: float, least_busy: bool = False, drain_s: float | None = None
) -> Outcome:
    """One of the policies against one of the patterns."""
    one = replace(deployment(), start_s=start_s, least_busy=least_busy)
    one = replace(one, drain_s=one.drain_s if drain_s is None else drain_s)
    return simulate(_requests(pattern), one, policies()[number], pattern.length_s, SEED)
