"""A deployment through a day: requests come, replicas answer, and the loop looks every 15 seconds."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import simpy

from autoscaling.arrivals import Request
from autoscaling.curve import Curve
from autoscaling.hpa import SYNC_S, Autoscaler, Policy
from autoscaling.outcome import Outcome, Pod
from autoscaling.replica import Job, Replica

_Process = Generator[simpy.Event, None, None]
_DRAIN_LOOK_S = 1.0
# vLLM's gauges: num_requests_waiting, num_requests_running, kv_cache_usage_perc.
WAITING, RUNNING, CACHE = "waiting", "running", "cache"


@dataclass(frozen=True)
class Deployment:
    """What each replica is: its curve, its slots, how long it starts and how long it may drain.

    `cached` is how many requests fill the KV cache, None where the slots are what there is least of.
    `least_busy` sends a request to the replica with the fewest, as a gateway's endpoint picker does; else
    any gets it, as with a Service.
    """

    curve: Curve
    slots: int
    start_s: float
    drain_s: float
    gpus: int = 1
    least_busy: bool = False
    cached: int | None = None


def simulate(
    requests: Sequence[Request], deployment: Deployment, policy: Policy, length_s: float, seed: int = 1
) -> Outcome:
    """Play the requests, until all are answered; what replicas cost is counted up to `length_s`."""
    env = simpy.Environment()
    cluster = Cluster(env, deployment, random.Random(seed))
    for _ in range(policy.minimum):
        cluster.add(start_s=0.0)
    jobs = [Job(each) for each in requests]
    answered = env.process(_arrive(env, cluster, jobs))
    env.process(_control(env, cluster, Autoscaler(policy)))
    env.run(until=answered)
    while cluster.unfinished and env.peek() < float("inf"):
        env.step()
    return Outcome(jobs, cluster.pods, length_s, deployment.gpus)


@dataclass
class Cluster:
    """The replicas that there are, and who gets the next request."""

    env: simpy.Environment
    deployment: Deployment
    chance: random.Random
    pods: list[Pod] = field(default_factory=list)
    starting: list[Pod] = field(default_factory=list)
    ready: list[tuple[Pod, Replica]] = field(default_factory=list)
    draining: list[Replica] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.starting) + len(self.ready)

    @property
    def unfinished(self) -> int:
        return sum(each.unfinished for each in (*(one for _, one in self.ready), *self.draining))

    def gauges(self) -> dict[str, float]:
        """vLLM's gauges of the replicas that are ready, each summed."""
        replicas = [replica for _, replica in self.ready]
        waiting = float(sum(len(each.waiting) for each in replicas))
        running = float(sum(each.running for each in replicas))
        cache = running / (self.deployment.cached or self.deployment.slots)
        return {WAITING: waiting, RUNNING: running, CACHE: cache}

    def route(self, job: Job) -> None:
        replicas = [replica for _, replica in self.ready]
        if self.deployment.least_busy:
            min(replicas, key=lambda each: each.unfinished).submit(job)
        else:
            self.chance.choice(replicas).submit(job)

    def add(self, start_s: float) -> None:
        pod = Pod(self.env.now)
        self.pods.append(pod)
        if start_s:
            self.starting.append(pod)
            self.env.process(self._start(pod, start_s))
        else:
            self._is_ready(pod)

    def remove(self) -> None:
        """As a ReplicaSet chooses: one that is not ready yet, else the youngest."""
        if self.starting:
            self.starting.pop().ended_s = self.env.now
            return
        pod, replica = self.ready.pop()
        self.draining.append(replica)
        self.env.process(self._drain(pod, replica))

    def _start(self, pod: Pod, start_s: float) -> _Process:
        yield self.env.timeout(start_s)
        if pod in self.starting:
            self.starting.remove(pod)
            self._is_ready(pod)

    def _is_ready(self, pod: Pod) -> None:
        pod.ready_s = self.env.now
        self.ready.append((pod, Replica(self.env, self.deployment.curve, self.deployment.slots)))

    def _drain(self, pod: Pod, replica: Replica) -> _Process:
        end = self.env.now + self.deployment.drain_s
        while replica.unfinished and self.env.now < end:
            yield self.env.timeout(_DRAIN_LOOK_S)
        replica.stop()
        self.draining.remove(replica)
        pod.ended_s = self.env.now


def _arrive(env: simpy.Environment, cluster: Cluster, jobs: Sequence[Job]) -> _Process:
    for job in jobs:
        yield env.timeout(max(0.0, job.request.arrives_s - env.now))
        cluster.route(job)


def _control(env: simpy.Environment, cluster: Cluster, autoscaler: Autoscaler) -> _Process:
    """Each look sees what was scraped at the look before: Prometheus, KEDA and the HPA take turns."""
    scraped = cluster.gauges()
    while True:
        yield env.timeout(SYNC_S)
        wanted = autoscaler.step(env.now, cluster.count, scraped)
        scraped = cluster.gauges()
        for _ in range(cluster.count, wanted):
            cluster.add(cluster.deployment.start_s)
        for _ in range(wanted, cluster.count):
            cluster.remove()
