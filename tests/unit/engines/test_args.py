"""Tokens read, layers merged, and the result spelled as an argv."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.engines import args
from aim_runtime.engines.launch import Argument, Layer
from aim_runtime.engines.options import Options
from aim_runtime.engines.vllm import options_for
from aim_runtime.errors import UnknownEngineArgument


@pytest.fixture(scope="module")
def options() -> Options:
    """The committed list of the target version."""
    return options_for(None)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([], {}),
        (["--max-model-len", "8192"], {"--max-model-len": "8192"}),
        (["--max-model-len=8192"], {"--max-model-len": "8192"}),
        (["-tp", "2"], {"-tp": "2"}),
        (["--enforce-eager"], {"--enforce-eager": None}),
        (["--enforce-eager", "--seed", "1"], {"--enforce-eager": None, "--seed": "1"}),
        (["--api-key", "a", "b"], {"--api-key": ["a", "b"]}),
        (["--seed", "-1"], {"--seed": "-1"}),
        (["--x", "-0.5", "--y"], {"--x": "-0.5", "--y": None}),
        (["--hf-overrides", '{"a": "b=c"}'], {"--hf-overrides": '{"a": "b=c"}'}),
        (['--hf-overrides={"a": "b=c"}'], {"--hf-overrides": '{"a": "b=c"}'}),
        (["--tokenizer="], {"--tokenizer": ""}),
        (["--seed", "1", "--seed", "2"], {"--seed": "2"}),
        (["--middleware", "a.b", "--middleware", "c.d"], {"--middleware": ["a.b", "c.d"]}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_tokens(options: Options, tokens: list[str], expected: dict[str, Any]) -> None:
    assert args.parse_tokens(tokens, options) == expected


def test_a_stray_value_is_refused(options: Options) -> None:
    with pytest.raises(UnknownEngineArgument, match="'8192' after -- belongs to no option") as caught:
        args.parse_tokens(["8192"], options)
    assert "--key value" in caught.value.hint


def test_the_last_of_two_spellings_wins(options: Options) -> None:
    given = {
        "max_model_len": 1,
        "max-model-len": 2,
        "enable-prefix-caching": True,
        "no-enable-prefix-caching": None,
    }
    assert args.normal(given, options) == {"max-model-len": 2, "enable-prefix-caching": False}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("enforce-eager", None, ["--enforce-eager"]),
        ("enforce-eager", True, ["--enforce-eager"]),
        ("enforce-eager", False, ["--no-enforce-eager"]),
        ("headless", False, []),
        ("max-model-len", False, []),
        ("max-model-len", 8192, ["--max-model-len", "8192"]),
        ("gpu-memory-utilization", 0.9, ["--gpu-memory-utilization", "0.9"]),
        ("dtype", "float16", ["--dtype", "float16"]),
        ("api-key", ["a", "b"], ["--api-key", "a", "b"]),
        ("cudagraph-capture-sizes", [1, 2], ["--cudagraph-capture-sizes", "1", "2"]),
        ("middleware", ["a.b", "c.d"], ["--middleware", "a.b", "--middleware", "c.d"]),
        ("hf-overrides", {"b": 1, "a": [True]}, ["--hf-overrides", '{"a":[true],"b":1}']),
        ("compilation-config.mode", 3, ["--compilation-config.mode", "3"]),
        ("seed", 0, ["--seed", "0"]),
    ],
)
def test_argv(options: Options, key: str, value: Any, expected: list[str]) -> None:
    assert args.to_argv(Argument(key, value, Layer.PROFILE), options) == expected


def test_merge_keeps_the_strongest_and_its_layer_in_the_order_of_appearance() -> None:
    layers = [
        (Layer.PROFILE, {"a": 1, "b": 1, "c": 1, "d": 1}),
        (Layer.ENGINE_ARGS, {"b": 2, "c": 2, "d": 2}),
        (Layer.COMMAND_LINE, {"c": 3, "d": 3, "e": 3}),
        (Layer.RUNTIME, {"d": 4}),
    ]
    assert args.merge(layers) == (
        Argument("a", 1, Layer.PROFILE),
        Argument("b", 2, Layer.ENGINE_ARGS),
        Argument("c", 3, Layer.COMMAND_LINE),
        Argument("d", 4, Layer.RUNTIME),
        Argument("e", 3, Layer.COMMAND_LINE),
    )


@pytest.mark.parametrize(
    ("arguments", "layer", "message"),
    [
        (
            {"max-model-length": 1},
            Layer.ENGINE_ARGS,
            "AIM_ENGINE_ARGS: vLLM 0.32.0 has no option max-model-length; did you mean max-model-len?",
        ),
        ({"swap-space": 4}, Layer.COMMAND_LINE, "command line: vLLM 0.32.0 has no option swap-space"),
    ],
)
def test_an_unknown_argument_of_the_users_is_refused(
    options: Options, arguments: dict[str, Any], layer: Layer, message: str
) -> None:
    with pytest.raises(UnknownEngineArgument) as caught:
        args.refuse_unknown(arguments, options, layer)
    assert caught.value.message.startswith(message)
    assert caught.value.exit_code == 2


def test_known_arguments_pass(options: Options) -> None:
    args.refuse_unknown(
        {"max-model-len": 1, "tool-call-parser": "cohere_command3"}, options, Layer.COMMAND_LINE
    )
