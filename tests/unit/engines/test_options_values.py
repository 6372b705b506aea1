"""Which values, and which options together, the target version refuses; tests/engine asks the engine."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.engines.options import Against, Options
from aim_runtime.engines.vllm import options_for
from aim_runtime.engines.vllm_rules import as_int


@pytest.fixture(scope="module")
def options() -> Options:
    return options_for(None)


def refused(options: Options, arguments: dict[str, Any]) -> list[str]:
    return list(options.problems(dict(options.normal(key, value) for key, value in arguments.items())))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"max-num-seqs": None}, "max-num-seqs needs a value"),
        ({"max-num-seqs": True}, "max-num-seqs needs a value"),
        ({"compilation-config": None}, "compilation-config needs a value"),
        ({"compilation-config.mode": None}, "compilation-config.mode needs a value"),
        ({"cudagraph-capture-sizes": []}, "cudagraph-capture-sizes needs a value"),
        ({"middleware": None}, "middleware needs a value"),
        ({"headless": "true"}, "headless: 'true': it is a switch"),
        ({"enable-prefix-caching": "true"}, "enable-prefix-caching: 'true': it is a switch"),
        ({"enable-prefix-caching": 1}, "enable-prefix-caching: 1: it is a switch"),
        ({"max-num-seqs": [1, 2]}, "max-num-seqs: [1, 2]: it takes one value"),
        ({"max-num-seqs": "many"}, "max-num-seqs: 'many' is not a whole number"),
        ({"max-num-seqs": 8.0}, "max-num-seqs: 8.0 is not a whole number"),
        ({"max-num-seqs": "8k"}, "max-num-seqs: '8k' is not a whole number"),
        ({"max-num-batched-tokens": "8.5K"}, "'8.5K' is not a whole number"),
        ({"max-num-batched-tokens": "auto"}, "'auto' is not a whole number"),
        ({"max-model-len": "long"}, "'long' is not a whole number (8192, 8k, 8K) or auto"),
        ({"cudagraph-capture-sizes": [1, "x"]}, "cudagraph-capture-sizes: 'x' is not a whole number"),
        ({"gpu-memory-utilization": "high"}, "gpu-memory-utilization: 'high' is not a number"),
        ({"limit-mm-per-prompt": "image=2"}, "limit-mm-per-prompt: 'image=2' is not JSON"),
        ({"dtype": "fp16"}, "dtype: 'fp16' is not one of auto, bfloat16"),
        ({"gpu-memory-utilization": 0}, "gpu-memory-utilization 0: more than 0, at most 1"),
        ({"gpu-memory-utilization": "95"}, "gpu-memory-utilization 95: more than 0, at most 1"),
        ({"max-num-seqs": 0}, "max-num-seqs 0: at least 1"),
        ({"max-num-batched-tokens": 128, "max-num-seqs": 256}, "is less than max-num-seqs 256"),
        ({"max-num-batched-tokens": "1k", "max-num-seqs": "1024"}, "1000 is less than max-num-seqs 1024"),
        (
            {"max-num-batched-tokens": 1024, "max-model-len": "2K", "no-enable-chunked-prefill": None},
            "1024 is less than max-model-len 2048: without chunked prefill",
        ),
        ({"enable-auto-tool-choice": None}, "enable-auto-tool-choice needs a tool-call-parser"),
        ({"enable-log-outputs": None}, "enable-log-outputs needs enable-log-requests"),
        ({"enable-per-request-metrics": True, "disable-log-stats": True}, "disable-log-stats takes away"),
    ],
)
def test_refused(options: Options, arguments: dict[str, Any], says: str) -> None:
    found = refused(options, arguments)
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"max-num-seqs": "1_000", "max-num-batched-tokens": "8k"},
        {"max-model-len": "auto"},
        {"max-model-len": -1, "max-num-batched-tokens": 64, "no-enable-chunked-prefill": None},
        {"max-num-batched-tokens": 1024, "max-model-len": 2048},
        {"max-num-batched-tokens": 1024, "max-model-len": 2048, "enable-chunked-prefill": None},
        {"max-num-batched-tokens": 128},
        {"max-num-batched-tokens": 256, "max-num-seqs": 256},
        {"max-num-seqs": False, "headless": False},
        {"max-num-seqs": [8]},
        {"hf-token": None},
        {"max-log-len": "None"},
        {"middleware": []},
        {"gpu-memory-utilization": 1},
        {"gpu-memory-utilization": "0.5"},
        {"compilation-config": {"mode": 3}, "hf-overrides": {}, "limit-mm-per-prompt": '{"image": 2}'},
        {"compilation-config.mode": 3},
        {"enable-log-outputs": None, "enable-log-requests": True},
        {"enable-log-outputs": None, "enable-log-requests": None},
        {"enable-per-request-metrics": None, "disable-log-stats": False},
    ],
)
def test_taken(options: Options, arguments: dict[str, Any]) -> None:
    assert refused(options, arguments) == []


def test_an_objection_names_its_argument_and_what_it_is_about(options: Options) -> None:
    arguments = {"nothing": 1, "max-num-seqs": None, "enable-log-outputs": None}
    found = [(each.key, each.against) for each in options.objections(arguments)]
    assert found == [
        ("nothing", Against.OPTION),
        ("max-num-seqs", Against.VALUE),
        ("enable-log-outputs", Against.TOGETHER),
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8k", 8000),
        ("8K", 8192),
        ("1.5m", 1_500_000),
        ("2G", 2 * 1024**3),
        ("-1", -1),
        ("1Ki", None),
        (True, None),
    ],
)
def test_sizes(text: Any, number: int | None) -> None:
    assert as_int(text, size=True) == number
