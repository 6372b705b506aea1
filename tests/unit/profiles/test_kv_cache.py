"""What a KV cache holds: by hand, against published tables, and as properties of many random pools."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.kv_cache import Pool, pool, token_bytes

GIB = 1024**3
LLAMA_8B = Architecture(None, 32, 8, layers=32, head_dim=128)
COMMAND_A = Architecture(None, 96, 8, layers=64, head_dim=128, sliding_window=4096, sliding_layers=48)
GPT_OSS_120B = Architecture(None, 64, 8, layers=36, head_dim=64, sliding_window=128, sliding_layers=18)
DEEPSEEK_R1 = Architecture(None, 128, 128, layers=61, head_dim=56, latent_rank=512, rope_head_dim=64)
MISTRAL_7B = Architecture(None, 32, 8, layers=32, head_dim=128, sliding_window=4096, sliding_layers=32)
QWEN3_235B = Architecture(None, 64, 4, layers=94, head_dim=128)


def made(
    model: Architecture, budget_bytes: int = GIB, count: int = 1, element_bytes: int = 2, **more: bool | int
) -> Pool:
    found = pool(
        model,
        budget_bytes,
        block_tokens=int(more.get("block_tokens", 16)),
        element_bytes=element_bytes,
        tensor_parallel_size=count,
        in_flight_tokens=int(more.get("in_flight_tokens", 2048)),
        hybrid=bool(more.get("hybrid", True)),
    )
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "count", "element_bytes", "whole_model_bytes"),
    [
        (LLAMA_8B, 1, 2, 131072),
        (LLAMA_8B, 1, 1, 65536),
        (LLAMA_8B, 2, 2, 65536),
        (LLAMA_8B, 8, 2, 16384),
        (LLAMA_8B, 16, 2, 16384),  # more accelerators than key-value heads: each keeps one
        (QWEN3_235B, 1, 2, 192512),
        (QWEN3_235B, 4, 2, 48128),
        (QWEN3_235B, 8, 2, 48128),
        (COMMAND_A, 1, 2, 262144),
        (GPT_OSS_120B, 1, 2, 73728),
        (DEEPSEEK_R1, 1, 2, 70272),
        (DEEPSEEK_R1, 8, 2, 70272),  # the latent vector is whole on every accelerator
        (DEEPSEEK_R1, 8, 1, 35136),
    ],
)
def test_bytes_of_a_token(
    model: Architecture, count: int, element_bytes: int, whole_model_bytes: int
) -> None:
    each = token_bytes(model, element_bytes, count)
    assert each is not None
    assert model.layers is not None
    assert each * model.layers == whole_model_bytes


def test_a_uniform_model_by_hand() -> None:
    found = made(LLAMA_8B)
    assert (found.block_bytes, found.blocks) == (16 * 131072, 512)
    assert (found.full_groups, found.sliding_groups) == (1, 0)
    assert found.request_blocks(1) == found.request_blocks(16) == 1
    assert found.request_blocks(17) == 2
    assert found.capacity(1024) == 8192
    assert found.concurrency(1024) == 8.0
    # One of the 512 blocks is kept back.
    assert found.longest(131072) == 511 * 16
    assert found.bytes_for(16) == 2 * found.block_bytes


def test_command_a_has_four_groups_of_sixteen() -> None:
    found = made(COMMAND_A, count=4, in_flight_tokens=1024)
    assert (found.full_groups, found.sliding_groups) == (1, 3)
    assert found.block_bytes == 16 * 16384  # a page of 16384 bytes for each of 16 layers
    assert found.request_blocks(32768) == 2048 + 3 * 321


def test_gpt_oss_has_two_groups() -> None:
    found = made(GPT_OSS_120B, in_flight_tokens=8192)
    assert (found.full_groups, found.sliding_groups) == (1, 1)
    assert found.block_bytes == 18 * 16 * 2048
    assert found.request_blocks(131072) == 8192 + 520 + 1  # 127 + 8192 tokens are 520 blocks


def test_where_all_layers_slide_a_long_request_costs_no_more_than_the_window() -> None:
    found = made(MISTRAL_7B)
    assert (found.full_groups, found.sliding_groups) == (0, 1)
    assert found.request_blocks(32768) == found.request_blocks(10**6) == 384 + 1  # 4095 + 2048 tokens
    assert found.longest(10**6) == 10**6


def test_latent_attention_by_hand() -> None:
    found = made(DEEPSEEK_R1, 70272 * 16 * 101)
    assert (found.blocks, found.longest(163840)) == (101, 1600)


def test_without_the_hybrid_manager_every_layer_is_charged() -> None:
    found = made(COMMAND_A, hybrid=False)
    assert (found.full_groups, found.sliding_groups, found.block_bytes) == (1, 0, 16 * 262144)
    assert found.request_blocks(32768) == 2048


@pytest.mark.parametrize(
    ("full", "sliding", "size", "full_groups", "sliding_groups"),
    [
        (16, 48, 16, 1, 3),
        (12, 12, 12, 1, 1),
        (13, 12, 13, 1, 1),
        (10, 16, 10, 1, 2),
        (10, 14, 14, 1, 1),
        (10, 15, 10, 1, 2),
        (6, 10, 6, 1, 2),
        (10, 6, 6, 2, 1),
        (5, 26, 5, 1, 6),
        (4, 22, 4, 1, 6),
    ],
)
def test_uneven_groups(full: int, sliding: int, size: int, full_groups: int, sliding_groups: int) -> None:
    model = replace(COMMAND_A, layers=full + sliding, sliding_layers=sliding)
    found = made(model)
    assert found.block_bytes == size * 16 * 4096
    assert (found.full_groups, found.sliding_groups) == (full_groups, sliding_groups)


@pytest.mark.parametrize(
    "model",
    [
        replace(LLAMA_8B, layers=None),
        replace(LLAMA_8B, head_dim=None),
        replace(LLAMA_8B, key_value_heads=None),
        replace(LLAMA_8B, other_layers=1),
        Architecture(GIB),
    ],
    ids=["layers", "head size", "key-value heads", "another kind of layer", "nothing"],
)
def test_what_is_not_known_is_not_claimed(model: Architecture) -> None:
    assert (
        pool(model, GIB, block_tokens=16, element_bytes=2, tensor_parallel_size=1, in_flight_tokens=2048)
        is None
    )


@pytest.mark.parametrize("budget_bytes", [-GIB, 0, 1, 16 * 131072 - 1])
def test_too_small_a_budget_holds_nothing(budget_bytes: int) -> None:
    found = made(LLAMA_8B, budget_bytes)
    assert (found.blocks, found.longest(4096), found.holds(1), found.capacity(100)) == (0, 0, False, 0)


def _random_pools(count: int) -> list[tuple[Architecture, int, dict[str, int]]]:
    """Models, budgets and engine settings of every kind, the same in every run."""
    draw = random.Random(20)
    cases = []
    for _ in range(count):
        layers = draw.randint(1, 130)
        sliding = draw.choice([0, layers, draw.randint(0, layers)])
        heads = draw.choice([1, 2, 4, 8, 16, 64])
        model = Architecture(
            None,
            64,
            heads,
            layers=layers,
            head_dim=draw.choice([64, 80, 128, 256]),
            sliding_window=draw.choice([128, 1000, 4096]),
            sliding_layers=sliding,
            latent_rank=draw.choice([None, None, 512]),
            rope_head_dim=64,
        )
        settings = {"block_tokens": draw.choice([16, 32, 128]), "in_flight_tokens": draw.randint(1, 40000)}
        cases.append((model, draw.randint(0, 10 ** draw.randint(1, 11)), settings))
    return cases


def test_the_longest_holds_and_one_token_more_does_not() -> None:
    seen = set()
    for model, budget_bytes, settings in _random_pools(500):
        found = made(model, budget_bytes, **settings)
        longest = found.longest(10**6)
        seen.add((longest == 0, longest == 10**6))
        assert longest == 0 or found.holds(longest)
        assert longest == 10**6 or not found.holds(longest + 1)
        assert found.longest(max(0, longest - 7)) == max(0, longest - 7)
    assert seen == {(True, False), (False, False), (False, True)}


def test_a_larger_budget_never_holds_less() -> None:
    for model, budget_bytes, settings in _random_pools(200):
        smaller, larger = (made(model, int(budget_bytes * share), **settings) for share in (0.9, 1.0))
        assert smaller.blocks <= larger.blocks
        assert smaller.longest(10**6) <= larger.longest(10**6)
        assert smaller.capacity(8192) <= larger.capacity(8192)


def test_a_longer_request_never_costs_less_and_its_bytes_are_enough() -> None:
    draw = random.Random(7)
    for model, budget_bytes, settings in _random_pools(200):
        found = made(model, budget_bytes, **settings)
        short, long = sorted(draw.randint(1, 200000) for _ in range(2))
        assert found.request_blocks(short) <= found.request_blocks(long)
        assert made(model, found.bytes_for(long), **settings).holds(long)
        assert not made(model, found.bytes_for(long) - 1, **settings).holds(long)
