"""What an engine says of its work at one moment, whichever engine it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """Counters since the engine's start and gauges of the moment; None is what it does not say.

    Each moves only when the engine has done a step of its work: two that are equal have none between them.

    `running` and `waiting` requests; tokens read (`prompt_tokens`) and written (`generated_tokens`);
    `kv_usage` the share, 0 to 1, of the KV cache that is in use; sums in seconds and counts of the time
    to first token and of the time per output token, whose differences over a while give its averages;
    `kv_tokens` how many tokens the KV cache has room for, as the engine measured it.
    """

    running: int
    waiting: int
    prompt_tokens: int
    generated_tokens: int
    finished: int = 0
    kv_usage: float | None = None
    ttft_sum_s: float | None = None
    ttft_count: int = 0
    tpot_sum_s: float | None = None
    tpot_count: int = 0
    preemptions: int = 0
    kv_tokens: int | None = None
