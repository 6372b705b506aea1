"""A folder that a look takes for a whole model: a config and a valid, tiny safetensors file."""

from __future__ import annotations

import json
import struct
from pathlib import Path


def write_tiny_model(folder: Path) -> Path:
    """Write the folder and return it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    return folder
