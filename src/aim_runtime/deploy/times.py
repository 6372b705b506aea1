"""How long a service may take to start and to end: the budget that probes and grace periods are made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from aim_runtime.profiles.profile import Profile
from aim_runtime.serving.drain import LINGER_S
from aim_runtime.serving.supervisor import GRACE_S
from aim_runtime.settings import Serving

# A start that is slow and not broken, assumed and not measured: weights over a shared link of 400 Mbit/s and
# from a shared volume, everything compiled anew. Too long a budget costs time only where a start hangs.
FETCH_BYTES_PER_S = 50e6
LOAD_BYTES_PER_S = 200e6
# GGUF made into safetensors, by one process that reads and writes it all.
CONVERT_BYTES_PER_S = 50e6
# Compiling, recording of graphs, warming up.
PREPARE_S = 600.0
# Before the program runs at all: a node is chosen, and an image of some 20 GB pulled.
PLACE_S = 1800
# Where a profile says how long a start was measured to take: how much longer another machine may take.
SLOWER = 5
# Beside the drain: the moment in which clients still arrive, and the engine's own end.
MARGIN_S = 5.0


@dataclass(frozen=True)
class Times:
    """In seconds.

    `fetch_s` may be spent on the weights alone, `start_s` on everything up to ready; `drain_s` is how long
    requests in flight are waited for, `grace_s` what a stop takes at most.
    """

    fetch_s: int
    start_s: int
    drain_s: int
    grace_s: int


def times(weights_bytes: int, profile: Profile, serving: Serving, *, converted: bool = False) -> Times:
    """The budgets of a model of `weights_bytes` on disk under `profile`; `converted` where from GGUF."""
    fetch = ceil(weights_bytes / FETCH_BYTES_PER_S)
    if converted:
        fetch += ceil(weights_bytes / CONVERT_BYTES_PER_S)
    start = fetch + ceil(weights_bytes / LOAD_BYTES_PER_S) + PREPARE_S
    evidence = profile.content.evidence
    measured = evidence.figures.get("start_to_ready_s", 0.0) if evidence else 0.0
    start = max(start, fetch + SLOWER * measured)
    # AIM_READY_SECONDS is for the engine alone, which starts when the weights are there.
    start = max(start, fetch + serving.ready_s)
    drain = ceil(serving.drain_s)
    grace = ceil(max(drain, LINGER_S) + GRACE_S + MARGIN_S)
    return Times(fetch, ceil(start), drain, grace)
