"""The models room: the facts of a model that decide on what it can run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """What is known of a model; None is "not known", and then nothing is claimed.

    `weights_bytes` is the size of the whole model at one precision; the heads are those of
    `config.json` (num_attention_heads, num_key_value_heads).
    """

    weights_bytes: int | None = None
    attention_heads: int | None = None
    key_value_heads: int | None = None

    def splits_over(self, count: int) -> bool:
        """Whether tensor parallelism can spread the heads over `count` accelerators.

        Attention heads must divide evenly; key-value heads evenly too, or be copied evenly
        (vLLM: ModelConfig.verify_with_parallel_config, get_num_kv_heads).
        """
        if self.attention_heads and self.attention_heads % count:
            return False
        shared = self.key_value_heads
        return not shared or shared % count == 0 or count % shared == 0
