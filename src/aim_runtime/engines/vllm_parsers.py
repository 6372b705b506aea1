"""Which parsers vLLM needs to read a model's tool calls and its reasoning, by the model's architecture.

Sources: vLLM's documentation (features/tool_calling.md, features/reasoning_outputs.md) and the names in
its registries. A parser that the documentation pairs with a chat template of vLLM's own is not claimed:
with the model's own template the model would not be told of the tools (DeepSeek-V3 and R1, Llama 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aim_runtime.engines.options import Options
from aim_runtime.models.architecture import Architecture

TOOLS, REASONING, AUTO = "tool-call-parser", "reasoning-parser", "enable-auto-tool-choice"
# What a user or a profile that wants something else says; then nothing is added.
_SAID = (TOOLS, REASONING, AUTO)


@dataclass(frozen=True)
class Family:
    """Models that write tool calls and reasoning in one way.

    `architectures` are names of config.json; `named` a pattern that the model's name must have where
    one architecture has several families; `vocabulary` and `least_positions` its size and the context
    that it must at least have. `package` is a library that the parsers import.
    """

    architectures: tuple[str, ...]
    tools: str | None = None
    reasoning: str | None = None
    named: str = ""
    vocabulary: int | None = None
    least_positions: int = 0
    package: str = ""

    def has(self, model: Architecture, name: str) -> bool:
        return (
            model.name in self.architectures
            and (self.vocabulary is None or model.vocabulary == self.vocabulary)
            and (model.max_positions or 0) >= self.least_positions
            and re.search(self.named, name, re.IGNORECASE) is not None
        )


_LLAMA, _QWEN2, _QWEN3 = (
    ("LlamaForCausalLM",),
    ("Qwen2ForCausalLM",),
    ("Qwen3ForCausalLM", "Qwen3MoeForCausalLM"),
)
_MISTRAL = ("MistralForCausalLM", "MixtralForCausalLM", "Ministral3ForCausalLM", "MistralLarge3ForCausalLM")
_MISTRAL3 = ("Mistral3ForConditionalGeneration",)
_DEEPSEEK3 = ("DeepseekV3ForCausalLM",)
_GRANITE = ("GraniteForCausalLM", "GraniteMoeForCausalLM")
_SHARED = (*_LLAMA, *_QWEN2, *_QWEN3, *_MISTRAL)

# The first that a model belongs to counts; one without parsers ends the search.
FAMILIES: tuple[Family, ...] = (
    # Models that hold no conversation share the architectures of those that do.
    Family((*_SHARED, *_GRANITE), named=r"embed|rerank|reward|guard|-base$"),
    # Distilled from DeepSeek-R1: its chat template, which knows no tools, in another's architecture.
    Family(_SHARED, None, "deepseek_r1", named=r"deepseek-?r1|r1-distill"),
    Family(_SHARED, "hermes", named=r"hermes-(2-pro|2-theta|3|4)"),
    # Fine-tunes of Llama 3.1 whose tool calls are their own; xLAM and ToolACE need another template.
    Family(_SHARED, named=r"xlam|toolace|nemotron|groq.*tool-use"),
    # 128256 is the vocabulary of Llama 3, whose templates know tools since 3.1 and its long context.
    Family(_LLAMA, "llama3_json", vocabulary=128256, least_positions=131072),
    Family(_QWEN2, "hermes", "deepseek_r1", named=r"\bqwq"),
    Family(_QWEN2, named=r"qwen1\.5"),
    Family(_QWEN2, "hermes"),
    # Those that do not think would have their whole answer taken for reasoning.
    Family(_QWEN3, "qwen3_xml", named=r"coder"),
    Family(_QWEN3, "hermes", named=r"instruct"),
    Family(_QWEN3, "hermes", "qwen3"),
    Family(("Qwen3NextForCausalLM",), "qwen3_xml", named=r"coder"),
    Family(("Qwen3NextForCausalLM",), "hermes", "qwen3", named=r"thinking"),
    Family(("Qwen3NextForCausalLM",), "hermes", named=r"instruct"),
    Family(("GptOssForCausalLM",), "openai", "openai_gptoss"),
    Family(("Cohere2ForCausalLM",), "cohere_command3", "cohere_command3", package="cohere_melody"),
    Family(_DEEPSEEK3, "kimi_k2", "kimi_k2", named=r"kimi-k2.*thinking"),
    Family(_DEEPSEEK3, "kimi_k2", named=r"kimi-k2"),
    Family(_DEEPSEEK3, "gigachat3", named=r"gigachat-?3"),
    Family(_DEEPSEEK3, None, "deepseek_r1", named=r"deepseek-?r1"),
    Family(_DEEPSEEK3, None, "deepseek_v3", named=r"deepseek-?v3\.1"),
    Family((*_MISTRAL, *_MISTRAL3), "mistral", "mistral", named=r"magistral|mistralai/.*reasoning"),
    # Mistral's first models were not taught to call tools.
    Family(_MISTRAL, named=r"7b-(instruct-)?v0\.[12]|8x7b"),
    Family(_MISTRAL, "mistral", named=r"^mistralai/"),
    Family(_MISTRAL3, "mistral"),
    Family(("Glm4MoeForCausalLM",), "glm47", "glm45", named=r"glm-4\.7"),
    Family(("Glm4MoeForCausalLM",), "glm45", "glm45"),
    Family(("Glm4MoeLiteForCausalLM",), "glm47", "glm45"),
    Family(("MiniMaxM2ForCausalLM",), "minimax_m2", "minimax_m2_append_think"),
    Family(("GraniteMoeHybridForCausalLM",), "granite4"),
    Family(_GRANITE, "granite4", named=r"granite-4"),
    Family(_GRANITE, "granite", "granite", named=r"granite-3\.2"),
    Family(_GRANITE, "granite", named=r"granite-3\.[13]"),
    Family(("HunYuanMoEV1ForCausalLM",), "hunyuan_a13b", "hunyuan_a13b", named=r"a13b"),
    Family(("Ernie4_5_MoeForCausalLM",), "ernie45", "ernie45", named=r"thinking"),
    Family(("SeedOssForCausalLM",), "seed_oss", "seed_oss"),
    Family(("Olmo3ForCausalLM",), "olmo3", "olmo3", named=r"think"),
    Family(("Olmo3ForCausalLM",), "olmo3", named=r"instruct"),
    Family(("LongcatFlashForCausalLM",), "longcat"),
    Family(("JambaForCausalLM",), "jamba", named=r"jamba-(1\.[5-9]|mini|large)"),
    Family(("Gemma4ForCausalLM", "Gemma4ForConditionalGeneration"), "gemma4", "gemma4"),
)


@dataclass(frozen=True)
class Parsers:
    """The arguments that name a model's parsers, and what the user should know of those left out."""

    arguments: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def parsers(
    model: Architecture,
    name: str,
    given: Mapping[str, Any],
    options: Options,
    importable: Callable[[str], bool],
) -> Parsers:
    """Return the arguments that let vLLM read what `model`, called `name`, writes.

    `given` are the arguments of profile and user, in their normal spelling: nothing is added to what
    they say of parsers, or to a model that they make an embedding one. `importable` tells whether the
    engine would find a package.
    """
    family = next((each for each in FAMILIES if each.has(model, name)), None)
    if family is None or any(key in given for key in _SAID) or given.get("runner") == "pooling":
        return Parsers({})
    wanted = [
        (TOOLS, family.tools, options.tool_parsers),
        (REASONING, family.reasoning, options.reasoning_parsers),
    ]
    arguments: dict[str, Any] = {}
    notes: list[str] = []
    for key, parser, known in wanted:
        if parser is None:
            continue
        lack = _lack(parser, known, family.package, options.version, importable)
        if lack:
            notes.append(f"{model.name} wants {key} {parser}, {lack}: left out")
            continue
        if key == TOOLS:
            arguments[AUTO] = True
        arguments[key] = parser
    return Parsers(arguments, tuple(notes))


def _lack(
    parser: str, known: tuple[str, ...], package: str, version: str, importable: Callable[[str], bool]
) -> str:
    """What the engine lacks for a parser; empty when it lacks nothing."""
    if parser not in known:
        return f"which vLLM {version} does not have"
    if package and not importable(package):
        return f"which imports {package}, not installed here (pip install {package})"
    return ""
