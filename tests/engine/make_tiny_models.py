"""Write tiny models with random weights: make_tiny_models.py [--tokenizer FOLDER] KIND=INTO ...

The kinds have the architectures of models in the catalogue, at a size that a test can load: what an engine
keeps in its KV cache differs between them. With a tokenizer they can be served, without one only loaded.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertModel,
    Cohere2Config,
    Cohere2ForCausalLM,
    DeepseekV2Config,
    DeepseekV2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)

_SIZE = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}


def llama(**tokens: int) -> Any:
    """Grouped-query attention, every layer over everything."""
    heads = {"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 32}
    return LlamaForCausalLM(LlamaConfig(num_hidden_layers=6, **heads, **_SIZE, **tokens))


def cohere2(**tokens: int) -> Any:
    """Three sliding-window layers to a full one; ten layers, so that the last group of four is cut off."""
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32}
    return Cohere2ForCausalLM(
        Cohere2Config(num_hidden_layers=10, sliding_window=64, **heads, **_SIZE, **tokens)
    )


def deepseek_v2(**tokens: int) -> Any:
    """Multi-head latent attention, with the latent vector of DeepSeek V2, V3 and R1.

    The engine's CPU kernels know no other size of it.
    """
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
    latent = {"kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128}
    experts = {
        "n_routed_experts": 4,
        "n_shared_experts": 1,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 64,
    }
    return DeepseekV2ForCausalLM(
        DeepseekV2Config(
            num_hidden_layers=3,
            q_lora_rank=None,
            first_k_dense_replace=1,
            **heads,
            **latent,
            **experts,
            **_SIZE,
            **tokens,
        )
    )


def bert(**tokens: int) -> Any:
    """An encoder, which answers with embeddings; the engine's CPU kernels know no smaller heads."""
    size = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    return BertModel(BertConfig(max_position_embeddings=512, **size, **tokens))


KINDS: dict[str, Callable[..., Any]] = {
    "llama": llama,
    "cohere2": cohere2,
    "deepseek_v2": deepseek_v2,
    "bert": bert,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokenizer")
    parser.add_argument("models", nargs="+", metavar="KIND=INTO")
    asked = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(asked.tokenizer) if asked.tokenizer else None
    tokens = {"vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    if tokenizer:
        names = ("bos_token_id", "eos_token_id", "pad_token_id")
        tokens = {"vocab_size": len(tokenizer), **{name: getattr(tokenizer, name) for name in names}}
    for model in asked.models:
        kind, _, into = model.partition("=")
        torch.manual_seed(0)
        KINDS[kind](**tokens).to(torch.bfloat16).save_pretrained(into)
        if tokenizer:
            tokenizer.save_pretrained(into)


if __name__ == "__main__":
    main()
