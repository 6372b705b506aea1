"""Which parsers a model gets by its architecture, and when it gets none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.launch import EngineInstall, Launch, Layer
from aim_runtime.engines.vllm import TARGET_VERSION, Vllm, options_for
from aim_runtime.engines.vllm_parsers import FAMILIES, parsers
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.location import Location
from aim_runtime.models.ref import ModelRef
from aim_runtime.profiles.selection import Selection
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import Origin
from unit.profiles.build import machine, profile

OPTIONS = options_for(None)
QWEN3 = Architecture(name="Qwen3ForCausalLM", vocabulary=151936, max_positions=40960)
LLAMA3 = Architecture(name="LlamaForCausalLM", vocabulary=128256, max_positions=131072)


def found(model: Architecture, name: str, **given: Any) -> tuple[Any, Any]:
    """The two parsers; auto tool choice is on exactly when there is one for tools."""
    known = parsers(model, name, given, OPTIONS, lambda package: True)
    assert known.notes == ()
    assert ("enable-auto-tool-choice" in known.arguments) == ("tool-call-parser" in known.arguments)
    return known.arguments.get("tool-call-parser"), known.arguments.get("reasoning-parser")


@pytest.mark.parametrize(
    ("name", "model", "tools", "reasoning"),
    [
        ("acme/chat", QWEN3, "hermes", "qwen3"),
        ("Qwen/Qwen3-235B-A22B", replace(QWEN3, name="Qwen3MoeForCausalLM"), "hermes", "qwen3"),
        ("Qwen/Qwen3-4B-Instruct-2507", QWEN3, "hermes", None),
        ("Qwen/Qwen3-4B-Thinking-2507", QWEN3, "hermes", "qwen3"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", replace(QWEN3, name="Qwen3MoeForCausalLM"), "qwen3_xml", None),
        ("Qwen/Qwen3-Embedding-8B", QWEN3, None, None),
        ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", QWEN3, None, "deepseek_r1"),
        ("Qwen/Qwen2.5-7B-Instruct", Architecture(name="Qwen2ForCausalLM"), "hermes", None),
        ("Qwen/QwQ-32B", Architecture(name="Qwen2ForCausalLM"), "hermes", "deepseek_r1"),
        (
            *("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", Architecture(name="Qwen2ForCausalLM")),
            *(None, "deepseek_r1"),
        ),
        ("meta-llama/Llama-3.3-70B-Instruct", LLAMA3, "llama3_json", None),
        ("acme/fine-tune", LLAMA3, "llama3_json", None),
        # Llama 3.0 has the vocabulary, and templates that know no tools.
        ("acme/fine-tune", replace(LLAMA3, max_positions=8192), None, None),
        ("acme/fine-tune", replace(LLAMA3, vocabulary=32000), None, None),
        ("acme/fine-tune", Architecture(name="LlamaForCausalLM"), None, None),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", LLAMA3, None, "deepseek_r1"),
        ("NousResearch/Hermes-3-Llama-3.1-8B", LLAMA3, "hermes", None),
        ("nvidia/Llama-3.1-Nemotron-Nano-8B-v1", LLAMA3, None, None),
        ("openai/gpt-oss-20b", Architecture(name="GptOssForCausalLM"), "openai", "openai_gptoss"),
        ("acme/a", Architecture(name="Cohere2ForCausalLM"), "cohere_command3", "cohere_command3"),
        ("deepseek-ai/DeepSeek-R1", Architecture(name="DeepseekV3ForCausalLM"), None, "deepseek_r1"),
        ("deepseek-ai/DeepSeek-V3.1", Architecture(name="DeepseekV3ForCausalLM"), None, "deepseek_v3"),
        ("deepseek-ai/DeepSeek-V3", Architecture(name="DeepseekV3ForCausalLM"), None, None),
        ("moonshotai/Kimi-K2-Instruct", Architecture(name="DeepseekV3ForCausalLM"), "kimi_k2", None),
        ("moonshotai/Kimi-K2-Thinking", Architecture(name="DeepseekV3ForCausalLM"), "kimi_k2", "kimi_k2"),
        ("mistralai/Mistral-7B-Instruct-v0.1", Architecture(name="MistralForCausalLM"), None, None),
        ("mistralai/Mistral-7B-Instruct-v0.3", Architecture(name="MistralForCausalLM"), "mistral", None),
        ("acme/fine-tune", Architecture(name="MistralForCausalLM"), None, None),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", Architecture(name="MixtralForCausalLM"), None, None),
        ("mistralai/Mixtral-8x22B-Instruct-v0.1", Architecture(name="MixtralForCausalLM"), "mistral", None),
        ("mistralai/Magistral-Small-2506", Architecture(name="MistralForCausalLM"), "mistral", "mistral"),
        ("zai-org/GLM-4.5-Air", Architecture(name="Glm4MoeForCausalLM"), "glm45", "glm45"),
        ("zai-org/GLM-4.7", Architecture(name="Glm4MoeForCausalLM"), "glm47", "glm45"),
        (
            "ibm-granite/granite-3.2-8b-instruct",
            Architecture(name="GraniteForCausalLM"),
            "granite",
            "granite",
        ),
        ("ibm-granite/granite-3.0-8b-instruct", Architecture(name="GraniteForCausalLM"), None, None),
        ("acme/strange", Architecture(name="UnheardOfForCausalLM"), None, None),
        ("acme/unknown", Architecture(), None, None),
    ],
)
def test_a_family_gets_its_parsers_and_no_other_does(
    name: str, model: Architecture, tools: str | None, reasoning: str | None
) -> None:
    assert found(model, name) == (tools, reasoning)


@pytest.mark.parametrize(
    "given",
    [
        {"tool-call-parser": "pythonic"},
        {"reasoning-parser": "deepseek_r1"},
        {"enable-auto-tool-choice": False},
        {"runner": "pooling"},
    ],
)
def test_nothing_is_added_to_what_profile_or_user_say(given: dict[str, Any]) -> None:
    assert parsers(QWEN3, "acme/chat", given, OPTIONS, lambda package: True).arguments == {}


def test_every_parser_of_the_table_is_in_the_engines_registry() -> None:
    for family in FAMILIES:
        assert family.tools in (None, *OPTIONS.tool_parsers)
        assert family.reasoning in (None, *OPTIONS.reasoning_parsers)
        re.compile(family.named)


def test_a_parser_that_the_engine_lacks_is_left_out_and_said() -> None:
    older = replace(OPTIONS, version="0.11.1", reasoning_parsers=())
    known = parsers(QWEN3, "acme/chat", {}, older, lambda package: True)
    assert known.arguments == {"enable-auto-tool-choice": True, "tool-call-parser": "hermes"}
    assert known.notes == (
        "Qwen3ForCausalLM wants reasoning-parser qwen3, which vLLM 0.11.1 does not have: left out",
    )


def test_a_parser_whose_package_is_missing_is_left_out_and_said() -> None:
    model = Architecture(name="Cohere2ForCausalLM")
    known = parsers(model, "acme/a", {}, OPTIONS, lambda package: package != "cohere_melody")
    assert known.arguments == {}
    assert len(known.notes) == 2
    assert "pip install cohere_melody" in known.notes[0]


def launch(origin: Origin, args: dict[str, Any] | None = None, **asked: Any) -> Launch:
    """Serve a Qwen3 under a profile of this part of the catalogue."""
    here = Location("acme/chat", Path("/models/acme/chat"), True, (ModelRef.parse("hf://acme/chat"),))
    hardware = machine("MI300X")
    given = profile("MI300X/fp16/1", origin, "acme/chat", args)
    install = EngineInstall("vllm", TARGET_VERSION, ("/venv/bin/vllm", "serve"), Path("/venv/bin/python"))
    settings = Settings(**{"aim_id": "acme/chat", **asked})
    return Vllm().launch(Selection(given, hardware.gpus, (), ()), here, settings, install, QWEN3)


def of_architecture(found: Launch) -> dict[str, Any]:
    return {each.key: each.value for each in found.arguments if each.layer is Layer.ARCHITECTURE}


@pytest.mark.parametrize("origin", [Origin.GENERAL, Origin.CUSTOM_GENERAL])
def test_a_general_profile_leaves_the_parsers_to_the_architecture(origin: Origin) -> None:
    served = launch(origin)
    assert of_architecture(served) == {
        "enable-auto-tool-choice": True,
        "tool-call-parser": "hermes",
        "reasoning-parser": "qwen3",
    }
    command = " ".join(served.command)
    assert "--enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3" in command


@pytest.mark.parametrize("origin", [Origin.MODEL, Origin.CUSTOM_MODEL])
def test_a_models_own_profile_says_what_it_wants(origin: Origin) -> None:
    assert of_architecture(launch(origin)) == {}


def test_a_general_profile_a_variable_and_the_command_line_come_before_the_architecture() -> None:
    assert of_architecture(launch(Origin.GENERAL, {"reasoning-parser": "deepseek_r1"})) == {}
    assert of_architecture(launch(Origin.GENERAL, engine_args={"tool_call_parser": "pythonic"})) == {}
    assert of_architecture(launch(Origin.GENERAL, extra_args=("--no-enable-auto-tool-choice",))) == {}
