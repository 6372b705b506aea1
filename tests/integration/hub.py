"""A hub with one model, for tests of the command line, and the address where no hub is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fakes.hub import write_model
from integration.models.programs import fake
from integration.models.support import FakeHub
from tiny_model import write_tiny_model

NO_HUB = "http://127.0.0.1:1"
QWEN3: dict[str, Any] = {
    "architectures": ["Qwen3ForCausalLM"],
    "dtype": "bfloat16",
    "num_hidden_layers": 2,
    "hidden_size": 1024,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 4096,
    "vocab_size": 151936,
    "max_position_embeddings": 40960,
}


def cached_model(folder: Path, config: dict[str, Any], size_bytes: int | None = None) -> Path:
    """A tiny model with this config.json; with `size_bytes` its weights take that much, all of it a hole."""
    write_tiny_model(folder)
    (folder / "config.json").write_text(json.dumps(config))
    if size_bytes:
        with (folder / "model.safetensors").open("r+b") as weights:
            weights.truncate(size_bytes)
    return folder


@contextmanager
def hub_with(root: Path, model_id: str, config: dict[str, Any]) -> Iterator[FakeHub]:
    """Run a hub that has one small model."""
    folder = write_model(root / model_id)
    (folder / "config.json").write_text(json.dumps(config))
    with fake("hub", str(root)) as port:
        yield FakeHub(f"http://127.0.0.1:{port}", root)
