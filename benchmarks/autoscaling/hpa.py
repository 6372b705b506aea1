"""Kubernetes' HorizontalPodAutoscaler, which KEDA drives as well: from what was read to how many replicas.

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/ ; the order of the steps
is that of kube-controller-manager's horizontal.go: each metric proposes, the highest wins, then limits,
windows and policies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# --horizontal-pod-autoscaler-tolerance and --horizontal-pod-autoscaler-sync-period by default.
TOLERANCE = 0.1
SYNC_S = 15.0
_KINDS = ("Pods", "Percent")


def proposed(current: int, total: float, each: float) -> int:
    """Replicas for a metric whose sum is `total` and of which each replica should have `each` (AverageValue).

    The same as ceil(current * average / target), and nothing is changed within the tolerance.
    """
    if current and abs(total / (each * current) - 1) <= TOLERANCE:
        return current
    return math.ceil(total / each - 1e-9)


@dataclass(frozen=True)
class Rule:
    """One direction: how long a proposal must hold, and how much may change within a period.

    The larger of `pods` and `percent` of the replicas is allowed.
    """

    window_s: float
    period_s: float
    pods: int = 0
    percent: int = 0

    def most(self, replicas: int) -> int:
        return max(self.pods, math.ceil(replicas * self.percent / 100))


# What holds where `behavior` says nothing.
USUAL_UP = Rule(window_s=0, period_s=15, pods=4, percent=100)
USUAL_DOWN = Rule(window_s=300, period_s=15, percent=100)


def rule(said: Mapping[str, Any], usual: Rule) -> Rule:
    """One direction of `behavior`, as the API has it; what is not said stays as usual.

    Policies of several periods are not known here: ValueError.
    """
    window_s = said.get("stabilizationWindowSeconds", usual.window_s)
    policies = said.get("policies")
    if not policies:
        return replace(usual, window_s=window_s)
    periods = {each["periodSeconds"] for each in policies}
    if len(periods) > 1:
        raise ValueError(f"policies of several periods: {sorted(periods)}")
    most = {kind: max((p["value"] for p in policies if p["type"] == kind), default=0) for kind in _KINDS}
    return Rule(window_s, periods.pop(), pods=most["Pods"], percent=most["Percent"])


@dataclass(frozen=True)
class Policy:
    """`signals`: of each gauge, how much a replica should have of it; none of them: the number stays."""

    name: str
    signals: Mapping[str, float]
    maximum: int
    minimum: int = 1
    up: Rule = USUAL_UP
    down: Rule = USUAL_DOWN


@dataclass
class Autoscaler:
    """The loop's memory: what it proposed, and what it changed, with the times."""

    policy: Policy
    _proposals: list[tuple[float, int]] = field(default_factory=list)
    _changes: list[tuple[float, int]] = field(default_factory=list)

    def step(self, now: float, current: int, gauges: Mapping[str, float]) -> int:
        """How many replicas there should be now, by the sums of the gauges over all replicas."""
        policy = self.policy
        if not policy.signals:
            return current
        wanted = max(proposed(current, gauges[name], each) for name, each in policy.signals.items())
        wanted = self._settled(now, current, min(max(wanted, policy.minimum), policy.maximum))
        wanted = self._limited(now, current, wanted)
        if wanted != current:
            self._changes.append((now, wanted - current))
        return wanted

    def _settled(self, now: float, current: int, wanted: int) -> int:
        """What every proposal of the windows agrees on: at least so many more, at least so many fewer."""
        up, down = self.policy.up.window_s, self.policy.down.window_s
        self._proposals = [each for each in self._proposals if each[0] > now - max(up, down)]
        self._proposals.append((now, wanted))
        more = min(count for at, count in self._proposals if at > now - up or at == now)
        fewer = max(count for at, count in self._proposals if at > now - down or at == now)
        return min(max(current, more), fewer)

    def _limited(self, now: float, current: int, wanted: int) -> int:
        """What the policy of the direction allows within its period, with what was changed in it already."""
        rule = self.policy.up if wanted > current else self.policy.down
        recent = sum(change for at, change in self._changes if at > now - rule.period_s)
        before = current - recent
        if wanted > current:
            return max(current, min(wanted, before + rule.most(before)))
        return min(current, max(wanted, before - rule.most(before)))
