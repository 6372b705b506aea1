"""The memory arithmetic of one profile as a line."""

from __future__ import annotations

from aim_runtime.profiles.fit import GIB, Fit, NotKnown


def gib(size: int) -> str:
    """Bytes as GiB, without the unit."""
    return f"{size / GIB:.1f}"


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
