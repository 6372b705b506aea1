"""Memory arithmetic: whether a model, under a profile's arguments, fits an accelerator, with every number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.demand import Demand
from aim_runtime.profiles.kv_cache import Pool, pool

GIB = 1024**3
# Context lengths are proposed in whole steps of this many tokens.
_STEP = 1024
# The counts that tensor parallelism is used with on one machine.
COUNTS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Fit:
    """One accelerator's memory under a profile, in bytes; of several accelerators, the smallest's.

    `budget_bytes` is what the engine takes of `memory_bytes`; `weights_bytes` this accelerator's share;
    `kv_bytes` what is left for the KV cache, below zero where the rest alone is too large. `context` is
    the length of a request that must fit (max-model-len, else the model's own limit), `pool` the cache's
    blocks; both None where the model's layers are not known: then only the weights are checked. `limit` is
    the longest context that the model can take, in tokens.
    """

    demand: Demand
    memory_bytes: int
    budget_bytes: int
    weights_bytes: int
    kv_bytes: int
    context: int | None = None
    pool: Pool | None = None
    limit: int | None = None

    @property
    def needs_bytes(self) -> int:
        """What must be there to serve one request of full length."""
        given = self.demand.kv_bytes
        one = self.pool.bytes_for(self.context) if self.pool and self.context else 0
        cache = one if given is None else given
        return sum(self.parts.values()) + cache

    @property
    def parts(self) -> dict[str, int]:
        """What is taken before the KV cache, each by its name."""
        return {"weights": self.weights_bytes, **self.demand.parts}

    @property
    def fits(self) -> bool:
        return not self.misfit

    @property
    def misfit(self) -> str:
        """Why it does not fit, with the numbers; empty when it does."""
        if self.weights_bytes >= self.budget_bytes:
            weights = f"weights {_gib(self.weights_bytes)} an accelerator"
            return f"{weights} > {_gib(self.budget_bytes)} {self._usable}"
        if self.kv_bytes <= 0:
            beside = self.budget_bytes - self.kv_bytes if self.demand.kv_bytes is None else self.needs_bytes
            return f"{self._parts} = {_gib(beside)} > {_gib(self.budget_bytes)} {self._usable}"
        if self.pool and self.context and not self.pool.holds(self.context):
            return (
                f"one request of {self.context} tokens needs {_gib(self.pool.bytes_for(self.context))} of KV "
                f"cache, {_gib(self.kv_bytes)} are left beside {self._parts}"
            )
        return ""

    @property
    def capacity_tokens(self) -> int | None:
        """Tokens in the KV cache, None when not known."""
        return self.pool.capacity(self.context) if self.pool and self.context else None

    @property
    def concurrency(self) -> float | None:
        """Requests of full length that the KV cache holds at once, None when not known."""
        return self.pool.concurrency(self.context) if self.pool and self.context else None

    @property
    def longest_context(self) -> int | None:
        """The longest max-model-len that fits, up to the model's own limit; None when not known."""
        if self.pool is None or self.context is None:
            return None
        return self.pool.longest(max(self.context, self.limit or 0))

    @property
    def summary(self) -> str:
        """What an accelerator will hold, in one line."""
        share = f"weights {_gib(self.weights_bytes)} of {_gib(self.budget_bytes)} an accelerator"
        if self.capacity_tokens is None or self.concurrency is None:
            return share
        cache = f"KV cache {self.capacity_tokens:,} tokens"
        return f"{share}, {cache} ({self.concurrency:.1f} requests of {self.context:,})"

    @property
    def shorter(self) -> int | None:
        """The max-model-len, in tokens, with which it would fit; None when none would, or none is needed."""
        longest = self.longest_context
        if self.kv_bytes > 0 and longest and self.misfit:
            return longest // _STEP * _STEP or longest
        return None

    @property
    def _usable(self) -> str:
        if self.demand.kv_bytes is not None:
            return f"that there are for {_gib(self.demand.kv_bytes)} of KV cache and the rest"
        return f"that the engine may use of {_gib(self.memory_bytes)}"

    @property
    def _parts(self) -> str:
        parts = {**self.parts, "KV cache": self.demand.kv_bytes or 0}
        return " + ".join(f"{name} {_gib(size)}" for name, size in parts.items() if size)


@dataclass(frozen=True)
class NotKnown:
    """Why nothing is claimed about the memory."""

    reason: str


def fit(
    model: Architecture, demand: Demand, memory_bytes: int | None, free_bytes: int | None
) -> Fit | NotKnown:
    """Compare what `model` needs under `demand` with one accelerator's memory.

    The budget is the share of the total that the engine takes (vLLM: requested_memory = total *
    gpu_memory_utilization) or, where the size of the KV cache was given, all that is free. What the
    engine takes must be free as well; that is a question to each device, asked where they are chosen.
    """
    if model.weights_bytes is None:
        return NotKnown("the size of the weights is not known")
    if memory_bytes is None:
        return NotKnown("the memory of the accelerator is not known")
    stages = demand.pipeline_parallel_size
    weights = model.weights_bytes // (demand.tensor_parallel_size * stages)
    rest = sum(demand.parts.values())
    if demand.kv_bytes is None:
        budget = int(memory_bytes * demand.utilization)
        kv_bytes = budget - weights - rest
    else:
        budget = memory_bytes if free_bytes is None else free_bytes
        kv_bytes = demand.kv_bytes if weights + rest + demand.kv_bytes <= budget else 0
    context = demand.max_model_len or model.max_positions
    # A stage of a pipeline holds its share of the layers, the first of them the odd ones.
    stage = model
    if model.layers and stages > 1:
        stage = replace(
            model, layers=ceil(model.layers / stages), sliding_layers=ceil(model.sliding_layers / stages)
        )
    blocks = pool(
        stage,
        kv_bytes,
        block_tokens=demand.block_tokens,
        element_bytes=demand.element_bytes,
        tensor_parallel_size=demand.tensor_parallel_size,
        in_flight_tokens=demand.in_flight_tokens,
        hybrid=demand.hybrid,
    )
    if blocks and context and demand.shrinks:
        context = blocks.longest(context) or context
    return Fit(demand, memory_bytes, budget, weights, kv_bytes, context, blocks, model.max_positions)


def least_count(model: Architecture, demand: Demand, memory_bytes: int) -> int | None:
    """The fewest accelerators, of 1, 2, 4 and 8, on which the weights leave room; None when none do."""
    usable = int(memory_bytes * demand.utilization) - demand.runtime_bytes
    for count in COUNTS:
        if model.weights_bytes and model.splits_over(count) and model.weights_bytes // count < usable:
            return count
    return None


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
