"""What vLLM's metrics say of its work, whichever version wrote them.

The names changed over time (https://docs.vllm.ai/en/latest/design/metrics/): where one has older ones,
all are listed, the newest first, and the first that is there counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from aim_runtime.engines.load import Load

_KV_USAGE = ("kv_cache_usage_perc", "gpu_cache_usage_perc")
_TIME_PER_TOKEN = (
    "inter_token_latency_seconds",  # one value a token, while requests run
    "time_per_output_token_seconds",
    "request_time_per_output_token_seconds",  # one value a request, 0 for one of a single token
)
_FIRST_TOKEN = "time_to_first_token_seconds"
_CACHE = "cache_config_info"
_WANTED = frozenset(
    {
        *("num_requests_running", "num_requests_waiting", "num_preemptions_total", "request_success_total"),
        *("prompt_tokens_total", "generation_tokens_total", _CACHE, *_KV_USAGE),
        *(f"{name}_{part}" for name in (_FIRST_TOKEN, *_TIME_PER_TOKEN) for part in ("sum", "count")),
    }
)
# `vllm_` where something on the way does not take the colon, which Prometheus keeps for rules.
_PREFIXES = ("vllm:", "vllm_")
_NAME = re.compile(r"\w+")
_VALUE = re.compile(r"\s*(\S+)(?:\s+-?\d+)?\s*$")  # a time may follow
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def read(metrics: str) -> Load | None:
    """Read the text of /metrics; None where it is not vLLM's, or vLLM was told to keep no statistics."""
    found: dict[str, list[float]] = {}
    rooms = []
    for name, labels, value in _samples(metrics):
        found.setdefault(name, []).append(value)
        if name == _CACHE:
            rooms.append(_room(labels))
    if "num_requests_running" not in found:
        return None
    # One value an engine and a model name: data parallel engines share the work.
    total = {name: math.fsum(values) for name, values in found.items()}
    usage = next((found[name] for name in _KV_USAGE if name in found), None)
    per_token = next((name for name in _TIME_PER_TOKEN if f"{name}_count" in found), _TIME_PER_TOKEN[0])
    return Load(
        running=_whole(total, "num_requests_running"),
        waiting=_whole(total, "num_requests_waiting"),
        prompt_tokens=_whole(total, "prompt_tokens_total"),
        generated_tokens=_whole(total, "generation_tokens_total"),
        finished=_whole(total, "request_success_total"),
        kv_usage=math.fsum(usage) / len(usage) if usage else None,
        ttft_sum_s=total.get(f"{_FIRST_TOKEN}_sum"),
        ttft_count=_whole(total, f"{_FIRST_TOKEN}_count"),
        tpot_sum_s=total.get(f"{per_token}_sum"),
        tpot_count=_whole(total, f"{per_token}_count"),
        preemptions=_whole(total, "num_preemptions_total"),
        kv_tokens=sum(rooms) if rooms and all(rooms) else None,
    )


def _samples(metrics: str) -> Iterator[tuple[str, str, float]]:
    """Name without prefix, labels as written, and value; what is not wanted or not a number is left out."""
    for line in metrics.splitlines():
        if not line.startswith(_PREFIXES):
            continue
        match = _NAME.match(line, len("vllm:"))
        if match is None or match[0] not in _WANTED:  # also _created, which is a time, and _bucket
            continue
        labels, closed, rest = line[match.end() :].rpartition("}")
        number = _number(rest if closed else labels + rest)
        if number is not None:
            yield match[0], labels, number


def _number(text: str) -> float | None:
    match = _VALUE.match(text)
    try:
        value = float(match[1]) if match else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(total: Mapping[str, float], name: str) -> int:
    return round(total.get(name, 0.0))


def _room(labels: str) -> int:
    """How many tokens one engine's KV cache holds, 0 where it does not say.

    Blocks times their size is too much for a model that does not keep every layer's tokens alike, so
    the engine's own figure goes first (https://github.com/vllm-project/vllm/pull/42206).
    """
    said = {name: int(value) for name, value in _LABEL.findall(labels) if value.isdecimal()}
    return said.get("kv_cache_size_tokens") or said.get("num_gpu_blocks", 0) * said.get("block_size", 0)
