"""The memory arithmetic of one profile as an object."""

from __future__ import annotations

from typing import Any

from aim_runtime.profiles.fit import Fit, NotKnown


def memory_object(found: Fit | NotKnown | None) -> dict[str, Any] | None:
    """Bytes of one accelerator and tokens, None where not known; docs/reference/explain.md names each."""
    if found is None:
        return None
    if isinstance(found, NotKnown):
        return {"not_checked": found.reason}
    demand, concurrency = found.demand, found.concurrency
    return {
        "fits": found.fits,
        "memory_bytes": found.memory_bytes,
        "budget_bytes": found.budget_bytes,
        "needs_bytes": found.needs_bytes,
        "weights_bytes": found.weights_bytes,
        "activation_bytes": demand.activation_bytes,
        "runtime_bytes": demand.runtime_bytes,
        "graph_bytes": demand.graph_bytes,
        "kv_cache_bytes": found.kv_bytes,
        "kv_cache_tokens": found.capacity_tokens,
        "max_model_len": found.context,
        "concurrency": None if concurrency is None else round(concurrency, 2),
        "longest_context": found.longest_context,
    }
