"""The memory arithmetic of one profile as an object and as a line."""

from __future__ import annotations

from typing import Any

from aim_runtime.profiles.fit import GIB, Fit, NotKnown


def gib(size: int) -> str:
    """Bytes as GiB, without the unit."""
    return f"{size / GIB:.1f}"


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


def memory_line(found: Fit | NotKnown) -> str:
    """One line: what is taken, of what, and what the KV cache then holds."""
    if isinstance(found, NotKnown):
        return f"not checked: {found.reason}"
    if not found.fits:
        return f"needs {gib(found.needs_bytes)} GiB, has {_has(found)}"
    return f"{_parts(found)} of {_has(found)} -> {_cache(found)}"


def _parts(found: Fit) -> str:
    return " + ".join(f"{name} {gib(size)}" for name, size in found.parts.items() if size) + " GiB"


def _has(found: Fit) -> str:
    if found.demand.kv_bytes is not None:
        return f"{gib(found.budget_bytes)} GiB"
    share = f"gpu-memory-utilization {found.demand.utilization:g} of {gib(found.memory_bytes)}"
    return f"{gib(found.budget_bytes)} GiB ({share})"


def _cache(found: Fit) -> str:
    given = ", as it was given," if found.demand.kv_bytes is not None else ""
    cache = f"KV cache {gib(found.kv_bytes)} GiB{given}"
    if found.capacity_tokens is None or found.concurrency is None or found.context is None:
        return f"{cache.rstrip(',')}; how many tokens that is, is not known"
    requests = f"{found.concurrency:.1f} requests of {found.context:,} tokens"
    return f"{cache} = {found.capacity_tokens:,} tokens, {requests}"
