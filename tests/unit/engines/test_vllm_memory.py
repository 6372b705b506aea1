"""What vLLM asks of the memory, by its arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aim_runtime.engines.vllm_memory import demand
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.demand import Demand

GIB = 1024**3
LLAMA_70B = Architecture(
    141107412992,
    64,
    8,
    layers=80,
    hidden_size=8192,
    head_dim=128,
    intermediate_size=28672,
    vocabulary=128256,
    max_positions=131072,
)


def asks(
    arguments: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    model: Architecture = LLAMA_70B,
    memory_gib: float | None = 192,
    count: int = 1,
    on_cpu: bool = False,
) -> Demand:
    size = None if memory_gib is None else int(memory_gib * GIB)
    return demand(arguments or {}, environment or {}, model, memory_bytes=size, count=count, on_cpu=on_cpu)


@pytest.mark.parametrize(
    ("memory_gib", "tokens", "seqs"),
    [
        (256, 16384, 1024),
        (160, 16384, 1024),
        (159.9, 8192, 1024),
        (70, 8192, 1024),
        (64, 2048, 256),
        (None, 2048, 256),
    ],
)
def test_batch_defaults_follow_the_device(memory_gib: float | None, tokens: int, seqs: int) -> None:
    found = asks(memory_gib=memory_gib)
    assert (found.max_num_batched_tokens, found.max_num_seqs) == (tokens, seqs)
    faster = asks({"performance-mode": "throughput"}, memory_gib=memory_gib)
    assert (faster.max_num_batched_tokens, faster.max_num_seqs) == (2 * tokens, 2 * seqs)


def test_without_arguments() -> None:
    found = asks()
    assert (found.utilization, found.block_tokens, found.element_bytes) == (0.92, 16, 2)
    assert (found.max_model_len, found.kv_bytes, found.hybrid, found.shrinks) == (None, None, True, False)
    assert not found.beyond_limit
    assert found.in_flight_tokens == 2 * 16384  # two batches, one being scheduled while the other runs
    assert (found.runtime_bytes, found.graph_bytes) == (GIB, 2 * GIB)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"gpu-memory-utilization": 0.5}, {"utilization": 0.5}),
        ({"gpu-memory-utilization": "0.5"}, {"utilization": 0.5}),
        ({"gpu-memory-utilization": 1}, {"utilization": 1.0}),
        ({"gpu-memory-utilization": None}, {"utilization": 0.92}),
        ({"gpu-memory-utilization": "high"}, {"utilization": 0.92}),
        ({"gpu-memory-utilization": float("nan")}, {"utilization": 0.92}),
        ({"gpu-memory-utilization": 5}, {"utilization": 0.92}),
        ({"max-model-len": 8192}, {"max_model_len": 8192}),
        ({"max-model-len": "8192"}, {"max_model_len": 8192}),
        ({"max-model-len": "8k"}, {"max_model_len": 8000}),
        ({"max-model-len": "8K"}, {"max_model_len": 8192}),
        ({"max-model-len": "1.5k"}, {"max_model_len": 1500}),
        ({"max-model-len": "1.5K"}, {"max_model_len": None}),  # which the engine refuses
        ({"max-model-len": float("inf")}, {"max_model_len": None}),
        ({"max-model-len": "long"}, {"max_model_len": None}),
        ({"max-model-len": None}, {"max_model_len": None}),
        ({"max-model-len": "auto"}, {"max_model_len": None, "shrinks": True}),
        ({"max-model-len": -1}, {"max_model_len": None, "shrinks": True}),
        ({"max-num-batched-tokens": 1024}, {"max_num_batched_tokens": 1024, "in_flight_tokens": 2048}),
        ({"max-num-seqs": 7}, {"max_num_seqs": 7}),
        ({"async-scheduling": False}, {"in_flight_tokens": 16384}),
        ({"enable-chunked-prefill": False}, {"max_num_batched_tokens": 131072}),
        ({"enable-chunked-prefill": False, "max-model-len": 32768}, {"max_num_batched_tokens": 32768}),
        ({"enable-chunked-prefill": False, "max-model-len": 1000}, {"max_num_batched_tokens": 16384}),
        ({"block-size": 64}, {"block_tokens": 64}),
        ({"kv-cache-dtype": "fp8"}, {"element_bytes": 1}),
        ({"kv-cache-dtype": "fp8_ds_mla"}, {"element_bytes": 1}),
        ({"kv-cache-dtype": "auto"}, {"element_bytes": 2}),
        ({"dtype": "float32"}, {"element_bytes": 4}),
        ({"dtype": "float32", "kv-cache-dtype": "bfloat16"}, {"element_bytes": 2}),
        ({"kv-cache-memory-bytes": "40G"}, {"kv_bytes": 40 * GIB}),
        ({"enforce-eager": None}, {"graph_bytes": 0}),
        ({"enforce-eager": True}, {"graph_bytes": 0}),
        ({"enforce-eager": False}, {"graph_bytes": 2 * GIB}),
        ({"disable-hybrid-kv-cache-manager": None}, {"hybrid": False}),
        ({"disable-hybrid-kv-cache-manager": False}, {"hybrid": True}),
        ({"hf-overrides": {"max_position_embeddings": 262144}}, {"beyond_limit": True}),
    ],
    ids=str,
)
def test_arguments(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = asks(arguments)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(("value", "beyond"), [("1", True), ("0", False), ("", False)])
def test_a_variable_lifts_the_models_limit(value: str, beyond: bool) -> None:
    assert asks(environment={"VLLM_ALLOW_LONG_MAX_MODEL_LEN": value}).beyond_limit is beyond


def test_a_cpu_has_defaults_of_its_own() -> None:
    found = asks(environment={"VLLM_CPU_KVCACHE_SPACE": "80"}, on_cpu=True)
    assert (found.max_num_batched_tokens, found.max_num_seqs, found.block_tokens) == (2048, 128, 128)
    assert (found.in_flight_tokens, found.graph_bytes, found.kv_bytes) == (2048, 0, 80 * GIB)
    assert asks(on_cpu=True).kv_bytes is None
    assert asks(environment={"VLLM_CPU_KVCACHE_SPACE": "80"}).kv_bytes is None  # of a GPU it says nothing
    assert asks({"block-size": 32}, on_cpu=True).block_tokens == 32
    assert asks(model=replace(LLAMA_70B, latent_rank=512), on_cpu=True).block_tokens == 16


@pytest.mark.parametrize(
    ("arguments", "count", "expected"),
    [
        # 16384 tokens of 2 bytes: 3 * 28672 of the MLP, 4 * 8192 of the residual, 80 heads of 128.
        ({}, 1, 16384 * 2 * (3 * 28672 + 4 * 8192 + 80 * 128)),
        ({"max-num-seqs": 512}, 8, 16384 * 2 * (3 * 28672 // 8 + 4 * 8192 + 80 * 128 // 8)),
        # A small batch of many sequences: the sampler's scores are larger.
        ({"max-num-batched-tokens": 1024, "max-num-seqs": 512}, 8, 512 * 128256 * 14),
        # No more sequences than tokens.
        ({"max-num-batched-tokens": 8, "max-num-seqs": 512}, 8, 8 * 128256 * 14),
    ],
)
def test_activations_by_hand(arguments: dict[str, Any], count: int, expected: int) -> None:
    assert asks(arguments, count=count).activation_bytes == expected


def test_of_experts_those_of_a_token_count() -> None:
    moe = replace(LLAMA_70B, experts_per_token=8, expert_size=1536, vocabulary=None)
    assert asks(model=moe).activation_bytes == 16384 * 2 * (3 * 8 * 1536 + 4 * 8192 + 80 * 128)
    assert asks(model=Architecture(GIB)).activation_bytes == 0


@pytest.mark.parametrize(("count", "on_cpu", "least_gib"), [(1, False, 0.5), (8, False, 2), (1, True, 0.5)])
def test_the_context_takes_something(count: int, on_cpu: bool, least_gib: float) -> None:
    assert asks(count=count, on_cpu=on_cpu).runtime_bytes >= least_gib * GIB
