"""Folders of LoRA adapters for tests: whole ones and broken ones."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

CONFIG = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"]}


def tensors(count_bytes: int = 16) -> bytes:
    """A safetensors file with one tensor."""
    header = json.dumps({"a": {"dtype": "U8", "shape": [count_bytes], "data_offsets": [0, count_bytes]}})
    return struct.pack("<Q", len(header)) + header.encode() + bytes(count_bytes)


def adapter(source: Path, name: str, weights: bytes | None = None, **config: Any) -> Path:
    """Write an adapter; a value of None takes a key of its configuration away."""
    folder = source / name
    folder.mkdir(parents=True, exist_ok=True)
    said = {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
    (folder / "adapter_config.json").write_text(json.dumps(said))
    (folder / "adapter_model.safetensors").write_bytes(tensors() if weights is None else weights)
    return folder
