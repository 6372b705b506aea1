"""LoRA adapters as training leaves them (the PEFT library's format), small and random."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file


def write_adapter(
    folder: Path, model: Path, *, rank: int = 8, seed: int = 0, strength: float = 1.0, **more: Any
) -> Path:
    """Write an adapter for the query projections of a Llama or Cohere model; `more` goes into its config."""
    config = json.loads((model / "config.json").read_text())
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    out = heads * (config.get("head_dim") or hidden // heads)
    random = np.random.default_rng(seed)
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = random.standard_normal((rank, hidden), np.float32)
        tensors[f"{name}.lora_B.weight"] = strength * random.standard_normal((out, rank), np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    described = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": rank,
        "target_modules": ["q_proj"],
        "base_model_name_or_path": f"{model.parent.name}/{model.name}",
        **more,
    }
    (folder / "adapter_config.json").write_text(json.dumps(described))
    return folder
