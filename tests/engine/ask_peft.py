"""Ask vLLM whether it would take LoRA configurations: a JSON list on stdin, a list of its words on stdout.

What it takes is an empty text.
"""

from __future__ import annotations

import json
import sys

from vllm.config.lora import LoRAConfig
from vllm.lora.peft_helper import PEFTHelper


def verdict(config: dict[str, object]) -> str:
    try:
        PEFTHelper.from_dict(config).validate_legal(LoRAConfig(max_lora_rank=32))
    except (ValueError, TypeError) as error:
        return str(error) or type(error).__name__
    return ""


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps([verdict(each) for each in json.load(sys.stdin)]))
