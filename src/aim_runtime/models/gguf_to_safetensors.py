"""The models room: a program for the engine's Python: `gguf_to_safetensors.py SOURCE.gguf FOLDER`.

It imports nothing of this package, which the engine's Python need not have.
"""

import functools
import sys
from pathlib import Path
from typing import Any


def main(source: Path, folder: Path) -> None:
    """Write the weights, the configuration and the tokenizer with its chat template."""
    import gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # transformers reads the whole header, tokenizer included, three times; once is 6 of 18 seconds less.
    gguf.GGUFReader = functools.cache(gguf.GGUFReader)
    how: dict[str, Any]
    try:
        from transformers import GgufConfig
    except ImportError:  # transformers 4 dequantizes without being asked
        how = {"torch_dtype": torch.bfloat16}
    else:
        how = {"dtype": torch.bfloat16, "quantization_config": GgufConfig(dequantize=True)}
    model = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, **how)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)


if __name__ == "__main__":
    # Python looks for modules beside a program first, and beside this one is a gguf.py that is not
    # the library of that name.
    beside = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != beside]
    main(Path(sys.argv[1]), Path(sys.argv[2]))
