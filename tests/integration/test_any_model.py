"""A model without an AIM, planned through the real command line: a general profile, and its parsers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.hub import NO_HUB, QWEN3, cached_model, hub_with
from running import SMOLLM2, environment, run

MODEL = "acme/chat"
ARCHITECTURE = "model's architecture"
KEYS = ("enable-auto-tool-choice", "tool-call-parser", "reasoning-parser")


def planned(env: dict[str, str], *args: str) -> tuple[dict[str, Any], str]:
    """The plan and what was said beside it."""
    done = run("dry-run", "--format", "json", *args, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)[0], done.stderr


def parsers(plan: dict[str, Any]) -> dict[str, tuple[Any, str]]:
    return {each["key"]: (each["value"], each["from"]) for each in plan["arguments"] if each["key"] in KEYS}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A declared machine, a model in the cache, and no hub."""
    cached_model(tmp_path / "models" / MODEL, QWEN3)
    return environment(
        tmp_path,
        AIM_MODEL_ID=f"hf://{MODEL}",
        AIM_ACCELERATOR_MODEL="MI300X",
        AIM_ACCELERATOR_COUNT="1",
        HF_ENDPOINT=NO_HUB,
    )


def test_its_parsers_come_from_its_architecture(env: dict[str, str]) -> None:
    plan, said = planned(env)
    assert plan["profile_id"] == "general/vllm-mi300x-fp16-tp1-latency"
    assert parsers(plan) == {
        "enable-auto-tool-choice": (True, ARCHITECTURE),
        "tool-call-parser": ("hermes", ARCHITECTURE),
        "reasoning-parser": ("qwen3", ARCHITECTURE),
    }
    assert "--tool-call-parser hermes --reasoning-parser qwen3" in plan["script"]
    assert said == ""


def test_a_word_of_the_users_is_left_as_it_is(env: dict[str, str]) -> None:
    plan, _ = planned({**env, "AIM_ENGINE_ARGS": '{"reasoning_parser": "deepseek_r1"}'})
    assert parsers(plan) == {"reasoning-parser": ("deepseek_r1", "AIM_ENGINE_ARGS")}
    plan, _ = planned(env, "--", "--no-enable-auto-tool-choice")
    assert parsers(plan) == {"enable-auto-tool-choice": (False, "command line")}


def test_the_hub_tells_the_architecture_before_anything_is_fetched(tmp_path: Path) -> None:
    with hub_with(tmp_path / "hub", MODEL, QWEN3) as hub:
        env = environment(
            tmp_path, AIM_MODEL_ID=MODEL, AIM_ACCELERATOR_MODEL="MI300X", HF_ENDPOINT=hub.endpoint
        )
        plan, _ = planned(env)
    assert not plan["models"][0]["cached"]
    assert parsers(plan)["tool-call-parser"] == ("hermes", ARCHITECTURE)


def test_without_facts_nothing_is_claimed(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_MODEL_ID=MODEL, AIM_ACCELERATOR_MODEL="MI300X", HF_ENDPOINT=NO_HUB)
    plan, _ = planned(env)
    assert plan["profile_id"].startswith("general/")
    assert parsers(plan) == {}


def test_a_distilled_model_is_known_by_its_name(tmp_path: Path) -> None:
    name = "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"
    cached_model(tmp_path / "models" / name, {**QWEN3, "architectures": ["Qwen2ForCausalLM"]})
    env = environment(tmp_path, AIM_MODEL_ID=name, AIM_ACCELERATOR_MODEL="MI300X", HF_ENDPOINT=NO_HUB)
    assert parsers(planned(env)[0]) == {"reasoning-parser": ("deepseek_r1", ARCHITECTURE)}


def test_an_aim_under_a_general_profile_gets_them_and_under_its_own_does_not(tmp_path: Path) -> None:
    aim = "Qwen/Qwen3-32B"
    env = environment(tmp_path, AIM_ID=aim, AIM_ACCELERATOR_MODEL="MI300X", HF_ENDPOINT=NO_HUB)
    general, _ = planned({**env, "AIM_PROFILE_ID": "general/vllm-mi300x-fp16-tp1-latency"})
    assert parsers(general)["reasoning-parser"] == ("qwen3", ARCHITECTURE)
    own, _ = planned({**env, "AIM_PROFILE_ID": "vllm-mi300x-fp16-tp1-latency"})
    assert own["profile"]["aim_id"] == aim
    assert ARCHITECTURE not in {each["from"] for each in own["arguments"]}


def test_an_architecture_without_a_known_format_gets_none(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu", HF_ENDPOINT=NO_HUB)
    plan, _ = planned({**env, "AIM_PROFILE_ID": "general/vllm-cpu-bf16-tp1-latency"})
    assert parsers(plan) == {}
