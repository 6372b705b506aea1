"""A tokenizer for which every character is a token, in the files that the transformers library reads."""

from __future__ import annotations

import json
import string
from pathlib import Path

_SPECIAL = ("<unk>", "<s>", "</s>")
_FLAGS = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)


def write_tiny_tokenizer(folder: Path) -> Path:
    """Write it and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # Byte-level BPE without merges; it writes a space as Ġ.
    words = [*_SPECIAL, *string.ascii_letters, *string.digits, *string.punctuation, "Ġ"]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": word, "special": True, **_FLAGS} for number, word in enumerate(_SPECIAL)
        ],
        "pre_tokenizer": level,
        "decoder": level,
        "model": {
            "type": "BPE",
            "vocab": {word: number for number, word in enumerate(words)},
            "merges": [],
            "unk_token": "<unk>",
        },
    }
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    config |= {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder
