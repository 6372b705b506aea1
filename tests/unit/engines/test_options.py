"""The options of an engine version: one spelling for each, and why an argument would be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.options import Options, canonical

TABLE = {
    "engine": "vllm",
    "version": "9.9",
    "options": {
        "dtype": {"kind": "value", "choices": ["auto", "float16"]},
        "enable-prefix-caching": {"kind": "boolean"},
        "headless": {"kind": "flag"},
        "max-model-len": {"kind": "value", "type": "length"},
        "no-op": {"kind": "flag"},
        "served-model-name": {"kind": "list", "nargs": "+"},
        "collect-detailed-traces": {"kind": "list", "nargs": "+", "choices": ["all", "model", "worker"]},
        "middleware": {"kind": "list", "repeat": True},
        "compilation-config": {"kind": "json", "aliases": ["-cc"]},
        "tensor-parallel-size": {"kind": "value", "aliases": ["-tp"]},
        "enable-auto-tool-choice": {"kind": "boolean"},
        "tool-call-parser": {"kind": "value"},
        "reasoning-parser": {"kind": "value"},
    },
    "tool_parsers": ["cohere_command3", "hermes"],
    "reasoning_parsers": ["cohere_command3", "qwen3"],
    "env_vars": ["VLLM_X"],
}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    path = tmp_path / "9.9.json"
    path.write_text(json.dumps(TABLE))
    return Options.load(path)


def test_load(options: Options) -> None:
    assert options.version == "9.9"
    assert options.env_vars == {"VLLM_X"}
    assert options.tool_parsers == ("cohere_command3", "hermes")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("max_model_len", "max-model-len"),
        ("--max-model-len", "max-model-len"),
        ("-tp", "tp"),
        ("compilation_config.cudagraph_mode", "compilation-config.cudagraph_mode"),
        ("--hf_overrides.rope_scaling.a_b", "hf-overrides.rope_scaling.a_b"),
    ],
)
def test_canonical(key: str, expected: str) -> None:
    assert canonical(key) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("max_model_len", 8, ("max-model-len", 8)),
        ("-tp", 2, ("tensor-parallel-size", 2)),
        ("--tensor_parallel_size", 2, ("tensor-parallel-size", 2)),
        ("-cc.mode", 3, ("compilation-config.mode", 3)),
        ("no-enable-prefix-caching", None, ("enable-prefix-caching", False)),
        ("no_enable_prefix_caching", True, ("enable-prefix-caching", False)),
        ("no-enable-prefix-caching", False, ("enable-prefix-caching", True)),
        ("enable-prefix-caching", False, ("enable-prefix-caching", False)),
        ("no-op", None, ("no-op", None)),
        ("no-headless", None, ("no-headless", None)),
        ("unknown_thing", 1, ("unknown-thing", 1)),
    ],
)
def test_normal(options: Options, key: str, value: Any, expected: tuple[str, Any]) -> None:
    assert options.normal(key, value) == expected


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        ({}, []),
        ({"max-model-len": 8, "headless": None, "compilation-config.mode": 3}, []),
        ({"max-model-length": 8}, ["vLLM 9.9 has no option max-model-length; did you mean max-model-len?"]),
        ({"swap-space": 4}, ["vLLM 9.9 has no option swap-space"]),
        ({"no-headless": None}, ["vLLM 9.9 has no option no-headless; did you mean headless?"]),
        ({"dtype": "float16"}, []),
        ({"dtype": "fp16"}, ["dtype: 'fp16' is not one of auto, float16"]),
        ({"collect-detailed-traces": ["model", "worker"]}, []),
        (
            {"collect-detailed-traces": ["model", "wrker"]},
            ["collect-detailed-traces: 'wrker' is not one of all, model, worker"],
        ),
        ({"enable-auto-tool-choice": None}, ["enable-auto-tool-choice needs a tool-call-parser"]),
        ({"enable-auto-tool-choice": False}, []),
        ({"enable-auto-tool-choice": True, "tool-call-parser": "hermes"}, []),
        (
            {"tool-call-parser": "cohere_command"},
            ["no tool-call-parser cohere_command; did you mean cohere_command3?"],
        ),
        ({"reasoning-parser": "hermes"}, ["vLLM 9.9 has no reasoning-parser hermes"]),
        ({"reasoning-parser": "qwen3"}, []),
        ({"aaa": 1, "bbb": 2}, ["has no option aaa", "has no option bbb"]),
    ],
)
def test_problems(options: Options, arguments: dict[str, Any], problems: list[str]) -> None:
    found = list(options.problems(arguments))
    assert len(found) == len(problems), found
    assert all(expected in problem for expected, problem in zip(problems, found, strict=True))


def test_kind(options: Options) -> None:
    assert options.kind("tp") == options.kind("tensor-parallel-size") == "value"
    assert options.kind("compilation-config.mode") == "json"
    assert options.kind("nothing") is None
