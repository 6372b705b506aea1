"""Failures of memory: what was asked for, what there was, and which number would do."""

from __future__ import annotations

import math
import re

from aim_runtime.engines import failures
from aim_runtime.engines.launch import Launch
from aim_runtime.engines.vllm_failures.given import find, put, where_from
from aim_runtime.engines.vllm_failures.rule import Case, Rule, Words, rule
from aim_runtime.profiles.fit import GIB, Fit

_UTILIZATION, _LENGTH, _REQUESTS = "gpu-memory-utilization", "max-model-len", "max-num-seqs"
_CACHE = "kv-cache-memory-bytes"
# vLLM's defaults for max-num-seqs are from 128 on; a quarter leaves most of its activations out.
_FEWER = 64


def _on_gpu(match: re.Match[str], case: Case) -> Words:
    """PyTorch's numbers, and what the plan had counted on."""
    found = match.groupdict()
    message = "out of memory on the GPU"
    if found.get("tried"):
        message = f"out of memory on GPU {found['gpu']}: {found['tried']} wanted, {found['free']} free of "
        message += f"{found['total']}"
    return message + _counted(case.ending.fit), _less(case.launch)


def _counted(fit: Fit | None) -> str:
    return f"; the plan had counted on {fit.summary}" if fit else ""


def _less(launch: Launch) -> str:
    given = find(launch, _REQUESTS)
    fewer = given.value // 2 if given and isinstance(given.value, int) and given.value > 1 else _FEWER
    lower = max(0.1, round(_utilization(launch) - 0.05, 2))
    return (
        f"let fewer requests run at once: {put(launch, _REQUESTS, fewer)}; or take less for the KV cache: "
        f"{put(launch, _UTILIZATION, lower)}; or spread the model over more GPUs: AIM_GPU_COUNT"
    )


def _utilization(launch: Launch) -> float:
    given = find(launch, _UTILIZATION)
    try:
        return float(given.value) if given else 0.9
    except (TypeError, ValueError):
        return 0.9


def _on_host(match: re.Match[str], case: Case) -> Words:
    tried = match.groupdict().get("bytes")
    size = f": {int(tried) / GIB:.1f} GiB wanted" if tried else ""
    limit = case.ending.memory_limit_bytes
    within = f", and this container may have {limit / GIB:.1f} GiB" if limit else ""
    return f"out of memory on the host{size}{within}", (
        "give it more memory (docker run --memory, resources.limits.memory), or let it keep less: "
        f"{put(case.launch, _LENGTH, 4096)}; on a CPU also VLLM_CPU_KVCACHE_SPACE=1 (GiB)"
    )


def _cache_of_tokens(match: re.Match[str], case: Case) -> Words:
    """As vLLM said it up to 0.7: in tokens."""
    length, room = match["length"], int(match["room"])
    given = where_from(case.launch, _LENGTH)
    message = (
        f"one request may have max-model-len {length}{given} tokens, the KV cache has room for {room} tokens"
    )
    return message, put(case.launch, _LENGTH, room)


def _cache_on_host(match: re.Match[str], case: Case) -> Words:
    found = match.groupdict()
    message = (
        f"the KV cache is to have {found['wanted']} GiB, {found['free']} GiB of {found['total']} are free"
    )
    given = find(case.launch, _CACHE)
    if given:
        return message, put(case.launch, _CACHE, int(float(found["free"]) * 0.8 * GIB))
    return message, f"VLLM_CPU_KVCACHE_SPACE={max(1, int(float(found['free']) * 0.8))} (GiB), or more memory"


def _in_use(match: re.Match[str], case: Case) -> Words:
    """Something else holds the memory; the share that would fit now is below what is free of the total."""
    found = match.groupdict()
    free, total = float(found["free"]), float(found["total"])
    share = math.floor((free / total - 0.01) * 100) / 100 if total else 0.0
    device = found.get("device") or "the device"
    on_cpu = "node" in match[0]
    holder = (
        "other programs hold" if on_cpu else "another process, perhaps one left of an earlier start, holds"
    )
    message = (
        f"{device} has {free:g} GiB free of {total:g}, and the engine is to take {found['wanted']} GiB "
        f"for {_UTILIZATION} {found['share']}{where_from(case.launch, _UTILIZATION)}: {holder} the rest"
    )
    look = "end what holds it" if on_cpu else "see who with `amd-smi process` (or nvidia-smi) and end it"
    if share < 0.05:
        return message, f"{look}: too little is free for any model"
    return message, f"{look}; or take what is free: {put(case.launch, _UTILIZATION, share)}"


def _no_cache(match: re.Match[str], case: Case) -> Words:
    fit, share = case.ending.fit, _utilization(case.launch)
    message = "no memory is left for the KV cache beside the weights and the work space"
    message += f" at {_UTILIZATION} {share:g}{where_from(case.launch, _UTILIZATION)}"
    message += _counted(fit)
    more = f"{put(case.launch, _UTILIZATION, 0.95)}; or " if share < 0.95 else ""
    return message, f"{more}spread the model over more GPUs: AIM_GPU_COUNT; or a smaller AIM_PRECISION"


def _cache_too_small(match: re.Match[str], case: Case) -> Words:
    """The engine names the longest context that would do; where it does not, the plan may know it."""
    found = match.groupdict()
    message = (
        f"one request of max-model-len {found['length']}{where_from(case.launch, _LENGTH)} needs "
        f"{found['needed']} GiB of KV cache, {found['there']} GiB are there"
    )
    fit = case.ending.fit
    longest = int(found["longest"]) if found["longest"] else fit.longest_context if fit else None
    more = f"more memory for it: {put(case.launch, _UTILIZATION, 0.95)}, or more GPUs: AIM_GPU_COUNT"
    if any(each.name.startswith("VLLM_CPU_") for each in case.launch.variables):
        more = f"more memory for it: VLLM_CPU_KVCACHE_SPACE={math.ceil(float(found['needed']))} (GiB)"
    if not longest or longest >= int(found["length"]):
        return message, more
    return f"{message}: room for {longest} tokens", f"{put(case.launch, _LENGTH, longest)}; or {more}"


_ALLOCATION = (
    r"Tried to allocate (?P<tried>[\d.]+ \w+)\. GPU (?P<gpu>\d+) has a total capac(?:i)?ty of "
    r"(?P<total>[\d.]+ \w+) of which (?P<free>[\d.]+ \w+) is free"
)
RULES: tuple[Rule, ...] = (
    rule(
        failures.MEMORY_IN_USE,
        r"(?:Free memory on (?P<device>device \S+|device)|Available memory on node \d+) "
        r"\((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on startup is less than desired \w+ memory utilization "
        r"\((?P<share>[\d.]+), (?P<wanted>[\d.]+) GiB\)",
        _in_use,
    ),
    rule(
        failures.KV_CACHE_TOO_SMALL,
        r"models?'s max seq len \((?P<length>\d+)\), \((?P<needed>[\d.]+) GiB KV cache is needed, which is "
        r"larger than the available KV cache memory \((?P<there>[\d.]+) GiB\)"
        r"(?:.*estimated maximum model length is (?P<longest>\d+))?",
        _cache_too_small,
    ),
    rule(
        failures.KV_CACHE_TOO_SMALL,
        r"max seq len \((?P<length>\d+)\) is larger than the maximum number of tokens that can be stored in "
        r"KV cache \((?P<room>\d+)\)",
        _cache_of_tokens,
    ),
    rule(
        failures.OUT_OF_HOST_MEMORY,
        r"Available memory on node \d+ \((?P<free>[\d.]+)/(?P<total>[\d.]+) GiB\) on kv cache allocation is "
        r"less than requested memory for kv \((?P<wanted>[\d.]+) GiB\)",
        _cache_on_host,
    ),
    rule(failures.NO_KV_CACHE, r"No available memory for the cache blocks", _no_cache),
    rule(failures.OUT_OF_MEMORY, rf"(?:CUDA|HIP) out of memory\. {_ALLOCATION}", _on_gpu),
    rule(
        failures.OUT_OF_MEMORY,
        r"(?:CUDA|HIP) out of memory|(?:CUDA|HIP) error: out of memory|hipErrorOutOfMemory"
        r"|cudaErrorMemoryAllocation|(?:CUDA|HIPBLAS|CUBLAS)_STATUS_ALLOC_FAILED"
        r"|warming up sampler with \d+ dummy requests",
        _on_gpu,
    ),
    rule(
        failures.OUT_OF_HOST_MEMORY,
        r"DefaultCPUAllocator: can't allocate memory: you tried to allocate (?P<bytes>\d+) bytes",
        _on_host,
    ),
    rule(
        failures.OUT_OF_HOST_MEMORY,
        r"^MemoryError|std::bad_alloc|\[Errno 12\]|unable to mmap \d+ bytes",
        _on_host,
    ),
)
