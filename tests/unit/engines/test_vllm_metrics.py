"""What is read from vLLM's metrics, of every version alike.

0.32.txt is an excerpt of what vLLM 0.32.0 on the CPU wrote under load. 0.11.txt (two data parallel engines)
and 0.8.txt were put together by hand, with names and labels as those versions had them as far as is known,
and numbers that show what is added, averaged and preferred.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.engines.load import Load
from aim_runtime.engines.vllm_metrics import read

FOLDER = Path(__file__).with_name("vllm_metrics")
V0_8 = Load(1, 0, 40, 9, 2, 0.125, 0.75, 3, 0.5, 6)
V0_11 = Load(8, 2, 1_234_600, 250_012, 11, 0.375, 2.5, 10, 4.0, 40, 1, kv_tokens=30_400)
V0_32 = Load(
    *(0, 0, 10, 392, 2),
    kv_usage=0.0,
    ttft_sum_s=4.010543346405029,
    ttft_count=10,
    tpot_sum_s=18.492465095019725,
    tpot_count=382,
    kv_tokens=46_592,
)


@pytest.mark.parametrize(("version", "load"), [("0.8", V0_8), ("0.11", V0_11), ("0.32", V0_32)])
def test_versions(version: str, load: Load) -> None:
    assert read((FOLDER / f"{version}.txt").read_text()) == load


RUNNING = 'vllm:num_requests_running{engine="0"} 1.0\n'
IDLE = Load(1, 0, 0, 0)


@pytest.mark.parametrize(
    ("lines", "load"),
    [
        ("", IDLE),
        ("vllm:num_requests_waiting 3", Load(1, 3, 0, 0)),
        ("vllm_num_requests_waiting 3", Load(1, 3, 0, 0)),
        ("vllm:num_requests_waiting 3 1712000000000", Load(1, 3, 0, 0)),
        ('vllm:num_requests_waiting{model_name="a} 7 b"} 3', Load(1, 3, 0, 0)),
        ('vllm:num_requests_waiting_by_reason{reason="capacity"} 3', IDLE),
        ("vllm:kv_cache_usage_perc NaN", IDLE),
        ("vllm:kv_cache_usage_perc +Inf\nvllm:gpu_cache_usage_perc 0.5", Load(1, 0, 0, 0, kv_usage=0.5)),
        ("vllm:gpu_cache_usage_perc 0.7\nvllm:kv_cache_usage_perc 0.1", Load(1, 0, 0, 0, kv_usage=0.1)),
        ("vllm:prompt_tokens_total\nvllm:generation_tokens_total x", IDLE),
        ("vllm:\nvllm:{\nvllm:prompt_tokens_total{ 1\n\x00", IDLE),
        ("vllm:prompt_tokens_created 1.7e9\nvllm:prompt_tokens_total 2.5e+01", Load(1, 0, 25, 0)),
        ('vllm:cache_config_info{block_size="16",num_gpu_blocks="10"} 1', Load(1, 0, 0, 0, kv_tokens=160)),
        (
            'vllm:cache_config_info{block_size="1568",kv_cache_size_tokens="66901",num_gpu_blocks="49"} 1',
            Load(1, 0, 0, 0, kv_tokens=66_901),
        ),
        ('vllm:cache_config_info{block_size="16",kv_cache_size_tokens="None"} 1', IDLE),
        (
            'vllm:cache_config_info{note="a, num_gpu_blocks=\\"3\\"",block_size="16",num_gpu_blocks="2"} 1',
            Load(1, 0, 0, 0, kv_tokens=32),
        ),
    ],
)
def test_lines(lines: str, load: Load) -> None:
    assert read(RUNNING + lines) == load


@pytest.mark.parametrize(
    "text",
    ["", "<html>not found</html>", 'http_requests_total{handler="/v1"} 3.0\nvllm:prompt_tokens_total 1\n'],
)
def test_what_is_not_an_engines_work(text: str) -> None:
    assert read(text) is None
