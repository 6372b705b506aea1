"""What vLLM asks of an accelerator's memory: its defaults, its budget, and estimates of what else it holds.

Sources: vLLM 0.32 (vllm/engine/arg_utils.py, get_batch_defaults; vllm/platforms/cpu.py;
vllm/v1/worker). The estimates of activations, context and graphs are rules of thumb that no
measurement on a GPU backs; the budget, the defaults and the blocks are the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aim_runtime.engines.vllm_rules import as_size
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.demand import Demand

_GIB = 1024**3
# The share of the memory that vLLM takes by default since 0.32.
UTILIZATION = 0.92
# Defaults of max-num-batched-tokens and max-num-seqs for the API server, by the device's memory.
_BATCH_DEFAULTS = ((160 * _GIB, 16384, 1024), (70 * _GIB, 8192, 1024), (0, 2048, 256))
_CPU_BATCH_DEFAULTS = (2048, 128)
# Tokens of a block: of the GPU's attention kernels, of the CPU's, of latent attention on the CPU.
_GPU_BLOCK, _CPU_BLOCK, _CPU_LATENT_BLOCK = 16, 128, 16
_ELEMENT_BYTES = {"fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1, "int8": 1, "bfloat16": 2, "float16": 2}
# The device's context and libraries; with collectives more of them.
_RUNTIME_BYTES, _RUNTIME_PARALLEL_BYTES, _RUNTIME_CPU_BYTES = _GIB, 5 * _GIB // 2, _GIB
_GRAPH_BYTES = 2 * _GIB
# The sampler holds several copies of each sequence's scores, four of them in 32 bits.
_BYTES_PER_LOGIT = 14


def demand(
    arguments: Mapping[str, Any],
    environment: Mapping[str, str],
    model: Architecture,
    *,
    memory_bytes: int | None,
    count: int,
    on_cpu: bool,
) -> Demand:
    """Return what vLLM will ask for under the merged `arguments` (normal spelling) and `environment`.

    `memory_bytes` is the device's total, which its defaults follow; `count` the tensor parallel size,
    unless the arguments say another.
    """
    count = whole(arguments.get("tensor-parallel-size")) or count
    if on_cpu:
        tokens, seqs = _CPU_BATCH_DEFAULTS
    else:
        tokens, seqs = next(rest for least, *rest in _BATCH_DEFAULTS if (memory_bytes or 0) >= least)
    if arguments.get("performance-mode") == "throughput":
        tokens, seqs = 2 * tokens, 2 * seqs
    given_length = arguments.get("max-model-len")
    shrinks = given_length in ("auto", -1, "-1")
    length = None if shrinks else whole(given_length)
    if arguments.get("enable-chunked-prefill") is False:
        # A prompt is one batch then, and the batch as long as the longest prompt.
        tokens = max(tokens, length or model.max_positions or 0)
    seqs = whole(arguments.get("max-num-seqs")) or seqs
    tokens = whole(arguments.get("max-num-batched-tokens")) or tokens
    return Demand(
        utilization=_share(arguments.get("gpu-memory-utilization")),
        tensor_parallel_size=count,
        pipeline_parallel_size=whole(arguments.get("pipeline-parallel-size")) or 1,
        block_tokens=_block_tokens(arguments, model, on_cpu),
        element_bytes=_element_bytes(arguments),
        max_model_len=length,
        max_num_batched_tokens=tokens,
        max_num_seqs=seqs,
        in_flight_tokens=tokens * _batches(arguments, on_cpu),
        activation_bytes=_activation_bytes(model, tokens, min(seqs, tokens), count),
        runtime_bytes=_runtime_bytes(count, on_cpu),
        graph_bytes=0 if on_cpu or _eager(arguments) else _GRAPH_BYTES,
        kv_bytes=_kv_bytes(arguments, environment if on_cpu else {}),
        hybrid=not _on(arguments.get("disable-hybrid-kv-cache-manager", False)),
        shrinks=shrinks,
        beyond_limit=environment.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "0") not in ("", "0")
        or "hf-overrides" in arguments,  # what is overridden may be the limit
    )


def _runtime_bytes(count: int, on_cpu: bool) -> int:
    if on_cpu:
        return _RUNTIME_CPU_BYTES
    return _RUNTIME_BYTES if count == 1 else _RUNTIME_PARALLEL_BYTES


def _activation_bytes(model: Architecture, tokens: int, seqs: int, count: int) -> int:
    """Peak of a forward pass in 16 bits: the widest layer over a whole batch, or the sampler's scores."""
    hidden, heads, size = model.hidden_size or 0, model.attention_heads or 0, model.head_dim or 0
    wide = model.intermediate_size or 0
    if model.experts_per_token:
        wide = model.experts_per_token * (model.expert_size or wide)
    attention = (heads + 2 * (model.key_value_heads or 0)) * size
    forward = tokens * 2 * (3 * wide // count + 4 * hidden + attention // count)
    return max(forward, seqs * (model.vocabulary or 0) * _BYTES_PER_LOGIT)


def _block_tokens(arguments: Mapping[str, Any], model: Architecture, on_cpu: bool) -> int:
    if on_cpu and model.latent_rank:
        return _CPU_LATENT_BLOCK
    return whole(arguments.get("block-size")) or (_CPU_BLOCK if on_cpu else _GPU_BLOCK)


def _element_bytes(arguments: Mapping[str, Any]) -> int:
    kind = str(arguments.get("kv-cache-dtype", "auto"))
    if kind in ("auto", "None"):
        return 4 if str(arguments.get("dtype")) in ("float32", "float") else 2
    return _ELEMENT_BYTES.get(kind, 1 if kind.startswith("fp8") else 2)


def _batches(arguments: Mapping[str, Any], on_cpu: bool) -> int:
    """Batches in flight: two with asynchronous scheduling, which is on unless switched off."""
    return 1 if on_cpu or arguments.get("async-scheduling") is False else 2


def _kv_bytes(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> int | None:
    space = environment.get("VLLM_CPU_KVCACHE_SPACE", "")
    if space.isdigit():
        return int(space) * _GIB
    return whole(arguments.get("kv-cache-memory-bytes"))


def _eager(arguments: Mapping[str, Any]) -> bool:
    return _on(arguments.get("enforce-eager", False))


def _on(value: Any) -> bool:
    """Whether a flag is set; null is how a profile spells a flag without a value."""
    return value is None or value is True


def _share(value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        return UTILIZATION
    return share if 0 < share <= 1 else UTILIZATION


def whole(value: Any) -> int | None:
    """A positive whole number, as the engine reads it: 8192, "8192", "8k", "8K"."""
    number = as_size(value)
    return number if number and number > 0 else None
