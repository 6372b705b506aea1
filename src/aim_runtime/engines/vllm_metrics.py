"""What vLLM's metrics say of its work."""

from __future__ import annotations

from aim_runtime.engines.load import Load


def read(metrics: str) -> Load | None:
    """Read the text of /metrics; None where it is not vLLM's."""
    found: dict[str, float] = {}
    for line in metrics.splitlines():
        name, _, rest = line.partition("{")
        if rest and name.startswith("vllm:"):
            found[name] = found.get(name, 0.0) + float(rest.rpartition(" ")[2])
    if "vllm:num_requests_running" not in found:
        return None
    return Load(
        int(found["vllm:num_requests_running"]),
        int(found.get("vllm:num_requests_waiting", 0)),
        int(found.get("vllm:prompt_tokens_total", 0)),
        int(found.get("vllm:generation_tokens_total", 0)),
        kv_usage=found.get("vllm:kv_cache_usage_perc"),
    )
