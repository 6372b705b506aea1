"""How many tokens a KV cache of so many bytes holds: the arithmetic of vLLM's block pool.

Source: vLLM 0.32, vllm/v1/core/kv_cache_utils.py and kv_cache_interface.py. Checked against the
capacities that the real engine logs, for uniform, sliding-window and latent attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from aim_runtime.models.architecture import Architecture


@dataclass(frozen=True)
class Pool:
    """The block pool of one accelerator.

    All groups of layers share one pool of blocks; a block holds `block_tokens` tokens of every layer of
    one group and takes `block_bytes`. A request claims blocks for each of `full_groups`, and for each of
    `sliding_groups`, which never keep more than `kept_tokens` tokens of it.
    """

    blocks: int
    block_tokens: int
    block_bytes: int
    full_groups: int
    sliding_groups: int
    kept_tokens: int

    def request_blocks(self, tokens: int) -> int:
        """Blocks that one request of `tokens` tokens claims."""
        # One more for a sliding group: its window need not start where a block does.
        sliding = ceil(min(self.kept_tokens, tokens) / self.block_tokens) + 1
        return self.full_groups * ceil(tokens / self.block_tokens) + self.sliding_groups * sliding

    def concurrency(self, tokens: int) -> float:
        """How many requests of `tokens` tokens the pool holds at once."""
        return self.blocks / self.request_blocks(tokens)

    def capacity(self, tokens: int) -> int:
        """Tokens in the pool when every request is `tokens` long: vLLM's "KV cache size"."""
        return int(self.concurrency(tokens) * tokens)

    def holds(self, tokens: int) -> bool:
        """Whether one request of `tokens` tokens fits; the engine keeps one block back."""
        return self.request_blocks(tokens) < self.blocks

    def longest(self, limit: int) -> int:
        """The longest request, at most `limit` tokens, that the pool holds; 0 when none."""
        low, high = 0, limit
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.holds(middle) else (low, middle - 1)
        return low

    def bytes_for(self, tokens: int) -> int:
        """Bytes of cache that one request of `tokens` tokens needs, the block kept back included."""
        return (self.request_blocks(tokens) + 1) * self.block_bytes


def pool(
    model: Architecture,
    budget_bytes: int,
    *,
    block_tokens: int,
    element_bytes: int,
    tensor_parallel_size: int,
    in_flight_tokens: int,
    hybrid: bool = True,
) -> Pool | None:
    """The pool that `budget_bytes` of one accelerator make, None where the model is not known well enough.

    `element_bytes` is the size of one number of the cache; `in_flight_tokens` the tokens that may be
    scheduled at once, which sliding layers keep beyond their window; without `hybrid` every layer is
    charged in full (vLLM's --disable-hybrid-kv-cache-manager).
    """
    layer_bytes = token_bytes(model, element_bytes, tensor_parallel_size)
    if layer_bytes is None or not model.layers or model.other_layers:
        return None
    sliding = model.sliding_layers if hybrid else 0
    full = model.layers - sliding
    size = _group_size(full, sliding)
    block_bytes = size * block_tokens * layer_bytes
    return Pool(
        blocks=max(0, budget_bytes) // block_bytes,
        block_tokens=block_tokens,
        block_bytes=block_bytes,
        full_groups=ceil(full / size),
        sliding_groups=ceil(sliding / size),
        kept_tokens=(model.sliding_window or 1) - 1 + in_flight_tokens,
    )


def token_bytes(model: Architecture, element_bytes: int, tensor_parallel_size: int) -> int | None:
    """Bytes that one layer of one accelerator keeps for a token.

    Keys and values of the accelerator's share of the heads, at least one head: 2 * heads * head size.
    Latent attention keeps one vector, whole on every accelerator: its rank and the rotated part.
    """
    if model.latent_rank:
        return (model.latent_rank + (model.rope_head_dim or 0)) * element_bytes
    if not (model.key_value_heads and model.head_dim):
        return None
    heads = max(1, model.key_value_heads // tensor_parallel_size)
    return 2 * heads * model.head_dim * element_bytes


def _group_size(full: int, sliding: int) -> int:
    """Layers of a group: as many as the rarer kind has, or the commoner where they are nearly as many.

    vLLM: _get_kv_cache_groups_uniform_page_size.
    """
    fewest, most = sorted((full, sliding))
    if not fewest:
        return most
    return most if most < fewest * 1.5 else fewest
