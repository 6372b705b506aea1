"""The facts of a model as real `config.json` files have them."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.models.architecture import Architecture

LLAMA3 = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 28672,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_scaling": {"factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
}
QWEN2 = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "num_hidden_layers": 64,
    "hidden_size": 5120,
    "num_attention_heads": 40,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "max_window_layers": 48,
    "sliding_window": 131072,
    "use_sliding_window": False,
}
QWEN3_MOE = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "num_hidden_layers": 94,
    "hidden_size": 4096,
    "num_attention_heads": 64,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "intermediate_size": 12288,
    "moe_intermediate_size": 1536,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "sliding_window": None,
    "max_position_embeddings": 40960,
}
MIXTRAL = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "sliding_window": None,
    "max_position_embeddings": 32768,
}
MISTRAL3 = {
    "architectures": ["Mistral3ForConditionalGeneration"],
    "model_type": "mistral3",
    "vision_config": {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 24},
    "text_config": {
        "model_type": "mistral",
        "num_hidden_layers": 40,
        "hidden_size": 5120,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "intermediate_size": 32768,
        "vocab_size": 131072,
        "max_position_embeddings": 131072,
        "sliding_window": None,
    },
}
GPT_OSS = {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "num_hidden_layers": 24,
    "hidden_size": 2880,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "sliding_window": 128,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
    "experts_per_token": 4,
    "num_experts_per_tok": 4,
    "max_position_embeddings": 131072,
    "rope_scaling": {"factor": 32.0, "original_max_position_embeddings": 4096, "rope_type": "yarn"},
}
COHERE2 = {
    "architectures": ["Cohere2ForCausalLM"],
    "model_type": "cohere2",
    "num_hidden_layers": 64,
    "hidden_size": 12288,
    "num_attention_heads": 96,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "sliding_window": 4096,
    "sliding_window_pattern": 4,
    "max_position_embeddings": 131072,
}
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "num_nextn_predict_layers": 1,
    "hidden_size": 7168,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 163840,
    "rope_scaling": {"factor": 40, "original_max_position_embeddings": 4096, "type": "yarn"},
}
GPT2 = {
    "architectures": ["GPT2LMHeadModel"],
    "model_type": "gpt2",
    "n_layer": 12,
    "n_head": 12,
    "n_embd": 768,
    "n_positions": 1024,
    "vocab_size": 50257,
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            LLAMA3,
            {
                "layers": 80,
                "head_dim": 128,
                "key_value_heads": 8,
                "max_positions": 131072,
                "vocabulary": 128256,
            },
        ),
        (QWEN2, {"layers": 64, "head_dim": 128, "sliding_layers": 0, "other_layers": 0}),
        (QWEN3_MOE, {"head_dim": 128, "experts_per_token": 8, "expert_size": 1536, "sliding_layers": 0}),
        (MIXTRAL, {"head_dim": 128, "experts_per_token": 2, "expert_size": None, "intermediate_size": 14336}),
        (
            MISTRAL3,
            {
                "name": "Mistral3ForConditionalGeneration",
                "layers": 40,
                "hidden_size": 5120,
                "attention_heads": 32,
            },
        ),
        (GPT_OSS, {"sliding_layers": 12, "sliding_window": 128, "head_dim": 64, "max_positions": 131072}),
        (COHERE2, {"sliding_layers": 48, "sliding_window": 4096, "other_layers": 0}),
        (
            DEEPSEEK_V3,
            {
                "layers": 61,
                "latent_rank": 512,
                "rope_head_dim": 64,
                "expert_size": 2048,
                "max_positions": 163840,
            },
        ),
        (
            GPT2,
            {
                "layers": 12,
                "attention_heads": 12,
                "key_value_heads": 12,
                "hidden_size": 768,
                "head_dim": 64,
                "max_positions": 1024,
            },
        ),
    ],
    ids=[
        "llama 3",
        "qwen2",
        "qwen3 moe",
        "mixtral",
        "mistral3",
        "gpt-oss",
        "cohere2",
        "deepseek v3",
        "gpt-2",
    ],
)
def test_real_shapes(config: dict[str, Any], expected: dict[str, Any]) -> None:
    found = Architecture.from_config(config, 7, "a file")
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.weights_bytes, found.source) == (7, "a file")
    assert found.name == config["architectures"][0]


@pytest.mark.parametrize(
    ("config", "sliding", "other"),
    [
        (COHERE2 | {"sliding_window_pattern": None}, 48, 0),
        (COHERE2 | {"sliding_window_pattern": 2}, 32, 0),
        ({k: v for k, v in GPT_OSS.items() if k != "layer_types"}, 12, 0),
        (GPT_OSS | {"layer_types": GPT_OSS["layer_types"] * 2}, 12, 0),  # type: ignore[operator]
        (GPT_OSS | {"layer_types": ["full_attention"] * 3}, 0, 24),
        (GPT_OSS | {"layer_types": ["full_attention", "linear_attention"] * 12}, 0, 12),
        (GPT_OSS | {"sliding_window": None}, 0, 0),
        (QWEN2 | {"use_sliding_window": True}, 16, 0),
        ({"model_type": "mistral", "num_hidden_layers": 32, "sliding_window": 4096}, 32, 0),
        ({"model_type": "gemma2", "num_hidden_layers": 42, "sliding_window": 4096}, 21, 0),
        (
            {"text_config": {"model_type": "gemma3_text", "num_hidden_layers": 26, "sliding_window": 512}},
            22,
            0,
        ),
        ({"num_hidden_layers": 48, "full_attention_interval": 4}, 0, 48),
        ({"num_hidden_layers": 32, "attn_layer_period": 8}, 0, 32),
        ({"num_hidden_layers": 48, "attention_chunk_size": 8192}, 0, 48),
        ({"num_hidden_layers": 61, "kv_lora_rank": 512, "index_topk": 2048}, 0, 61),
        ({"num_hidden_layers": 32, "multi_query": True}, 0, 32),
    ],
    ids=[
        *("cohere2 by its code", "a pattern", "gpt-oss by its code", "more kinds than layers", "fewer kinds"),
        *(
            "linear",
            "no window",
            "qwen2 that slides",
            "all slide",
            "gemma 2",
            "gemma 3",
            "qwen3-next",
            "jamba",
        ),
        *("llama 4", "sparse latent", "one key-value head"),
    ],
)
def test_kinds_of_layers(config: dict[str, Any], sliding: int, other: int) -> None:
    found = Architecture.from_config(config)
    assert (found.sliding_layers, found.other_layers) == (sliding, other)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, 4096),
        ({"rope_scaling": {"type": "linear", "factor": 4.0}}, 16384),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2}}, 8192),
        ({"rope_parameters": {"rope_type": "linear", "factor": 2}}, 8192),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, 4096),
        ({"rope_scaling": {"rope_type": "linear", "factor": None}}, 4096),
        ({"rope_scaling": {"rope_type": "linear", "factor": float("inf")}}, 4096),
        ({"rope_scaling": "linear"}, 4096),
        ({"rope_scaling": {"rope_type": "linear", "factor": 8.0}, "model_type": "gemma3_text"}, 4096),
        ({"model_max_length": 8192}, 8192),
    ],
    ids=[
        "plain",
        "linear",
        "dynamic",
        "today's name",
        "yarn",
        "null",
        "infinite",
        "text",
        "gemma 3",
        "cohere",
    ],
)
def test_the_longest_context_is_the_engines(more: dict[str, Any], expected: int) -> None:
    assert Architecture.from_config({"max_position_embeddings": 4096, **more}).max_positions == expected


@pytest.mark.parametrize(
    "name", ["num_key_value_heads", "n_head_kv", "num_kv_heads", "multi_query_group_num"]
)
def test_key_value_heads_under_every_name(name: str) -> None:
    assert Architecture.from_config({"num_attention_heads": 32, name: 2}).key_value_heads == 2


@pytest.mark.parametrize("wrong", [None, "12", 12.0, True, 0, -3, [12], {"a": 1}], ids=repr)
def test_what_is_of_the_wrong_type_is_not_known(wrong: Any) -> None:
    config = dict.fromkeys([*LLAMA3, *DEEPSEEK_V3, *COHERE2, *GPT2, "text_config", "layer_types"], wrong)
    config |= {"index_topk": 0}
    assert Architecture.from_config(config, 5) == Architecture(5)


def test_an_empty_config_tells_nothing() -> None:
    assert Architecture.from_config({}) == Architecture()


@pytest.mark.parametrize(
    ("attention", "key_value", "count", "splits"),
    [
        (96, 8, 8, True),
        (96, 8, 16, True),  # each key-value head is copied to two
        (96, 8, 5, False),
        (9, 3, 1, True),
        (9, 3, 3, True),
        (9, 3, 2, False),
        (12, 3, 2, False),  # the attention heads would divide, the key-value heads do not
        (12, 3, 6, True),
        (None, None, 7, True),
        (12, None, 5, False),
    ],
)
def test_splits_over(attention: int | None, key_value: int | None, count: int, splits: bool) -> None:
    assert Architecture(None, attention, key_value).splits_over(count) is splits


def test_latent_attention_has_no_key_value_heads_to_spread() -> None:
    assert Architecture(None, 128, 3, latent_rank=512).splits_over(8)
