"""Secrets among the engine's arguments: found in every spelling, taken out, and kept as variables."""

from __future__ import annotations

import json

import pytest

from aim_runtime.errors import InvalidValue
from aim_runtime.secret_arguments import move_secrets

KEY = "sk-planted"


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        ({"api-key": KEY, "seed": 1}, {"seed": 1}),
        ({"api_key": [KEY]}, {}),
        ({"--api-key": KEY}, {}),
        ({"api-key": [KEY, KEY]}, {}),
    ],
)
def test_of_engine_args(given: dict[str, object], rest: dict[str, object]) -> None:
    moved = move_secrets({"AIM_ENGINE_ARGS": json.dumps(given)}, ())
    assert moved.variables["VLLM_API_KEY"] == KEY
    assert json.loads(moved.variables["AIM_ENGINE_ARGS"]) == rest
    assert (moved.taken, moved.warnings) == (("api-key",), ())


@pytest.mark.parametrize(
    ("tokens", "rest"),
    [
        (("--api-key", KEY), ()),
        ((f"--api-key={KEY}",), ()),
        (("--api_key", KEY, "--seed", "1"), ("--seed", "1")),
        (("--seed", "1", "--api-key", KEY, KEY), ("--seed", "1")),
        (("--seed", "-1", f"--api_key={KEY}", "--enforce-eager"), ("--seed", "-1", "--enforce-eager")),
    ],
)
def test_of_the_command_line(tokens: tuple[str, ...], rest: tuple[str, ...]) -> None:
    moved = move_secrets({}, tokens)
    assert moved.extra_args == rest
    assert moved.variables == {"VLLM_API_KEY": KEY}
    assert moved.taken == ()
    (warning,) = moved.warnings
    assert "--api-key on the command line can be read in the process list: set VLLM_API_KEY" in warning
    assert KEY not in repr(moved)


def test_the_command_line_wins_over_engine_args() -> None:
    moved = move_secrets({"AIM_ENGINE_ARGS": '{"api-key": "sk-weaker"}'}, ("--api-key", KEY))
    assert moved.variables["VLLM_API_KEY"] == KEY


def test_a_hub_token_is_a_secret_and_a_switch_is_none() -> None:
    assert move_secrets({}, ("--hf-token", "hf_planted")).variables == {"HF_TOKEN": "hf_planted"}
    moved = move_secrets({"AIM_ENGINE_ARGS": '{"hf-token": true}'}, ("--hf-token", "--seed", "1"))
    assert (moved.extra_args, moved.variables) == (("--hf-token", "--seed", "1"), {})


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"seed": 1}', '{"api-key": null}', '{"api-key": ""}'])
def test_what_has_no_secret_is_left_as_it_is(text: str) -> None:
    moved = move_secrets({"AIM_ENGINE_ARGS": text}, ("--seed", "1"))
    assert (moved.extra_args, moved.variables) == (("--seed", "1"), {})


@pytest.mark.parametrize(
    ("environ", "tokens", "where"),
    [
        ({"AIM_ENGINE_ARGS": '{"api-key": ["sk-one1", "sk-two2"]}'}, (), "AIM_ENGINE_ARGS"),
        ({}, ("--api-key", "sk-one1", "sk-two2"), "the command line"),
        ({}, ("--api-key", "sk-one1", "--api-key=sk-two2"), "the command line"),
    ],
)
def test_several_keys_are_refused(environ: dict[str, str], tokens: tuple[str, ...], where: str) -> None:
    with pytest.raises(InvalidValue, match=f"api-key in {where} has 2 values") as caught:
        move_secrets(environ, tokens)
    assert "sk-" not in caught.value.message + caught.value.hint


def test_a_secret_in_what_is_no_json_is_not_shown() -> None:
    with pytest.raises(InvalidValue, match="not shown: it has a secret") as caught:
        move_secrets({"AIM_ENGINE_ARGS": '{"api_key": "sk-planted"'}, ())
    assert "sk-planted" not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None
