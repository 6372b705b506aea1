"""Write a tiny Cohere2 model with random weights: make_tiny_cohere.py TOKENIZER_FOLDER INTO.

The architecture of Command A (three sliding-window layers to a full one) at a size that a test can load.
"""

from __future__ import annotations

import sys

import torch
from transformers import AutoTokenizer, Cohere2Config, Cohere2ForCausalLM


def main(tokenizer_folder: str, into: str) -> None:
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    config = Cohere2Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=2048,
        sliding_window=256,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    Cohere2ForCausalLM(config).to(torch.bfloat16).save_pretrained(into)
    tokenizer.save_pretrained(into)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
