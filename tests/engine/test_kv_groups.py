"""How layers are grouped, against the engine's own function in this process."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.kv_cache import pool

pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]
BLOCK_TOKENS, HEADS, HEAD_DIM, WINDOW = 16, 8, 128, 4096


@pytest.mark.parametrize("full", [1, 2, 3, 5, 10, 12, 16, 25])
def test_groups_are_the_engines(full: int) -> None:
    torch = pytest.importorskip("torch")
    from vllm.v1.core.kv_cache_utils import _get_kv_cache_groups_uniform_page_size
    from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheSpec, SlidingWindowSpec

    shape: dict[str, Any] = {
        "block_size": BLOCK_TOKENS,
        "num_kv_heads": HEADS,
        "head_size": HEAD_DIM,
        "dtype": torch.bfloat16,
    }
    for sliding in range(1, 61):
        specs: dict[str, KVCacheSpec] = {f"full.{index}": FullAttentionSpec(**shape) for index in range(full)}
        specs |= {
            f"sliding.{index}": SlidingWindowSpec(**shape, sliding_window=WINDOW) for index in range(sliding)
        }
        groups = _get_kv_cache_groups_uniform_page_size(specs)
        kinds = [isinstance(group.kv_cache_spec, SlidingWindowSpec) for group in groups]
        page_bytes = groups[0].kv_cache_spec.page_size_bytes
        most = max(len(group.layer_names) for group in groups)
        model = Architecture(
            None,
            64,
            HEADS,
            layers=full + sliding,
            head_dim=HEAD_DIM,
            sliding_window=WINDOW,
            sliding_layers=sliding,
        )
        ours = pool(
            model,
            2**40,
            block_tokens=BLOCK_TOKENS,
            element_bytes=2,
            tensor_parallel_size=1,
            in_flight_tokens=2048,
        )
        assert ours is not None
        assert (ours.full_groups, ours.sliding_groups, ours.block_bytes) == (
            kinds.count(False),
            kinds.count(True),
            most * page_bytes,
        ), sliding
