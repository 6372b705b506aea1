"""Failures of the model: what it is, what it is stored as, and what was put beside it."""

from __future__ import annotations

import re

from aim_runtime.engines import failures
from aim_runtime.engines.vllm_failures.given import correct, find, key_of, leave_out, put, where_from
from aim_runtime.engines.vllm_failures.rule import Case, Rule, Words, quoted, rule, words

_FETCH_AGAIN = (
    "`aim-runtime cache verify` says which file; fetch the model again with `aim-runtime download-to-cache`"
)
_OTHER = "serve another precision of it: AIM_PRECISION, or weights in bf16"
_RANK = "max-lora-rank"
# What vLLM accepts for max-lora-rank.
_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)


def _architecture(match: re.Match[str], case: Case) -> Words:
    name = quoted(match["name"])
    return f"this engine has no code for the architecture {name}", (
        "serve another model, or use an image with a newer engine: `aim-runtime detect-hardware` names the "
        "version here"
    )


def _quantization(match: re.Match[str], case: Case) -> Words:
    name = match.groupdict().get("name")
    said = f" {name}" if name else ""
    whose = where_from(case.launch, "quantization") or " (from the model's config.json)"
    hint = correct(case.launch, "quantization") if find(case.launch, "quantization") else _OTHER
    return f"the engine cannot use the quantization{said} here{whose}: {quoted(match['why'])}", hint


def _dtype(match: re.Match[str], case: Case) -> Words:
    whose = where_from(case.launch, "dtype") or " (from the model's config.json)"
    return f"the data type cannot be used on this device{whose}: {quoted(match['why'])}", put(
        case.launch, "dtype", "float16"
    )


def _remote_code(match: re.Match[str], case: Case) -> Words:
    return "the model brings Python code of its own, which nobody allowed to run", (
        f"read that code, then: {put(case.launch, 'trust-remote-code', True)}"
    )


def _module(match: re.Match[str], case: Case) -> Words:
    name, _, inside = match["name"].partition(".")
    if inside:
        return f"the package {name} of the engine's Python lacks {match['name']}", (
            f"use an image whose {name} is whole" + ("; or VLLM_ROCM_USE_AITER=0" if name == "aiter" else "")
        )
    return f"the engine's Python has no package {name}", (
        f"pip install {name.replace('_', '-')} in the engine's environment, or use an image that has it"
    )


def _rank(match: re.Match[str], case: Case) -> Words:
    rank, most = int(match["rank"]), int(match["most"])
    enough = next((each for each in _RANKS if each >= rank), None)
    message = f"a LoRA adapter has rank {rank}, {_RANK} is {most}{where_from(case.launch, _RANK)}"
    if enough is None:
        return message, f"the engine takes at most rank {_RANKS[-1]}: train the adapter with a smaller one"
    return message, put(case.launch, _RANK, enough)


def _shapes(match: re.Match[str], case: Case) -> Words:
    return "the weights are not those that config.json describes: " + quoted(match["why"]), (
        "fetch weights and config.json of the same revision: `aim-runtime download-to-cache`"
    )


def _argument_of(match: re.Match[str], case: Case, name: str) -> str:
    """Which argument names this repository: `, which tokenizer (from the profile) names`."""
    for each in case.launch.arguments:
        if each.value == name and each.key not in ("served-model-name",):
            return f", which {key_of(each.key)}{where_from(case.launch, each.key)} names"
    return ""


def _gated(match: re.Match[str], case: Case) -> Words:
    name = match["name"].rstrip(".")
    message = f"Cannot access gated repo {name}{_argument_of(match, case, name)}"
    return message, f"accept its terms at https://huggingface.co/{name} and set HF_TOKEN to a read token"


def _missing(match: re.Match[str], case: Case) -> Words:
    name = match["name"].rstrip(".")
    return f"Repository Not Found: {name}{_argument_of(match, case, name)}", (
        "check the spelling; a private one needs HF_TOKEN"
    )


def _offline(match: re.Match[str], case: Case) -> Words:
    """What is fetched by the engine itself: everything but the weights, which lie on disk."""
    named = [each for each in case.launch.arguments if re.fullmatch(r"[\w.-]+/[\w.-]+", str(each.value))]
    named = [each for each in named if each.key not in ("model", "served-model-name")]
    what = "; ".join(f"{each.key} {each.value}{where_from(case.launch, each.key)}" for each in named)
    return "the engine wants to fetch something that is not on disk" + (f": {what}" if what else ""), (
        "fetch it into the cache first and name its folder"
        + (f": {put(case.launch, named[0].key, '/path/to/it')}" if named else "")
        + "; or let the engine fetch it itself: HF_HUB_OFFLINE=0"
    )


_INCOMPLETE = words(
    "the model's folder lacks what the engine looks for: {why}",
    "`aim-runtime cache verify` says what is missing; " + _FETCH_AGAIN.partition("; ")[2],
)
_DAMAGED = words("a file of the weights is damaged: {why}", _FETCH_AGAIN)
_ADAPTER = words(
    "a LoRA adapter cannot be used: {why}",
    "an adapter is a folder with adapter_config.json and adapter_model.safetensors, made for this model; "
    "correct lora-modules or what lies in AIM_ADAPTER_SOURCE",
)


def _no_adapter(match: re.Match[str], case: Case) -> Words:
    if find(case.launch, "lora-modules"):
        hint = f"{correct(case.launch, 'lora-modules')}; or {leave_out(case.launch, 'lora-modules')}"
    else:
        hint = "correct where the adapters are looked for: AIM_ADAPTER_SOURCE"
    return f"there is no LoRA adapter in {quoted(match['name'])}", hint


# Before what is said of memory: a file that is no safetensors file says that its header is exabytes long.
FIRST: tuple[Rule, ...] = (
    Rule(
        failures.WEIGHTS_DAMAGED,
        re.compile(r"in (?P<why>parse_safetensors_file_metadata)$"),
        words("a file of the weights is damaged: its header is not one of safetensors", _FETCH_AGAIN),
        in_frames=True,
    ),
)
RULES: tuple[Rule, ...] = (
    rule(
        failures.UNSUPPORTED_ARCHITECTURE,
        r"Model architectures \[['\"]?(?P<name>[^\]'\"]+).*\] (?:are|is) not supported"
        r"|(?:has )?model type `(?P<type>[^`]+)` but Transformers does not recognize",
        lambda match, case: _architecture(match if match["name"] else _renamed(match["type"]), case),
    ),
    rule(
        failures.UNSUPPORTED_ARCHITECTURE,
        r"Cannot find model module\. '(?P<name>[^']+)'|(?P<other>\w+) has no vLLM implementation",
        lambda match, case: _architecture(match if match["name"] else _renamed(match["other"]), case),
    ),
    rule(
        failures.REMOTE_CODE,
        r"contains custom code which must be executed|pass the argument `trust_remote_code=True`"
        r"|setting `trust_remote_code=True`",
        _remote_code,
    ),
    rule(
        failures.UNSUPPORTED_DTYPE,
        r"(?P<why>Bfloat16 is only supported on GPUs with compute capability[^.]*\.\d"
        r"|The model type '[^']+' does not support \w+|torch\.\w+ is not supported for quantization[^.]*"
        r"|[Dd]ata type \w+ is not supported[^.]*)",
        _dtype,
    ),
    rule(
        failures.UNSUPPORTED_QUANTIZATION,
        r"(?P<why>Unknown quantization method: (?P<name>[\w-]+))",
        _quantization,
    ),
    rule(
        failures.UNSUPPORTED_QUANTIZATION,
        r"(?P<why>(?P<name>\w+) quantization is currently not supported in \w+"
        r"|The quantization method (?P<method>\S+) is not supported for the current GPU[^\[]*"
        r"|Quantization method specified in the model config \(\S+\) does not match the quantization method "
        r"specified in the `quantization` argument \(\S+\))",
        _quantization,
    ),
    rule(
        failures.ADAPTER_RANK, r"LoRA rank (?P<rank>\d+) is greater than max_lora_rank (?P<most>\d+)", _rank
    ),
    rule(
        failures.ADAPTER_UNUSABLE,
        r"(?:Loading lora \S+ failed: )?No adapter found for (?P<name>\S+?)\.?$",
        _no_adapter,
    ),
    rule(
        failures.ADAPTER_UNUSABLE,
        r"(?P<why>(?:While loading \S+, )?expected target modules in .*"
        r"|\S+ (?:doesn't|does not) contain tensors"
        r"|Loading lora .* failed|Call to add_lora method failed.*)",
        _ADAPTER,
    ),
    rule(
        failures.WEIGHTS_DAMAGED,
        r"(?P<why>Error while deserializing header.*|SafetensorError: .*"
        r"|PytorchStreamReader failed .*|It looks like the config file at .* is not a valid JSON file.*)",
        _DAMAGED,
    ),
    rule(
        failures.WEIGHTS_DIFFER,
        r"(?P<why>The size of tensor a \(\d+\) must match the size of tensor b \(\d+\).*"
        r"|Attempted to load weight \(.*\) into parameter \(.*\)"
        r"|Following weights were not initialized from checkpoint: .*"
        r"|There is no module or parameter named .*"
        r"|^AssertionError: .*param\w*\.(?:shape|size).*"
        r"|start \(\d+\) \+ length \(\d+\) exceeds dimension size \(\d+\)\.?)",
        _shapes,
    ),
    rule(
        failures.REPOSITORY_GATED,
        r"Cannot access gated repo for url https?://[^/]+/(?:api/models/)?(?P<name>[\w.-]+/[\w.-]+)/",
        _gated,
    ),
    rule(
        failures.REPOSITORY_GATED,
        r"Access to model (?P<name>[\w.-]+/[\w.-]+) is restricted|(?:request|have) access (?:to it )?at "
        r"https?://[^/]+/(?P<at>[\w.-]+/[\w.-]+)",
        lambda match, case: _gated(match if match["name"] else _renamed(match["at"]), case),
    ),
    rule(
        failures.REPOSITORY_MISSING,
        r"Repository Not Found for url: https?://[^/]+/(?:api/models/)?(?P<name>[\w.-]+/[\w.-]+)"
        r"|(?P<other>[\w.-]+/[\w.-]+) is not a local folder and is not a valid model identifier",
        lambda match, case: _missing(match if match["name"] else _renamed(match["other"]), case),
    ),
    rule(
        failures.HUB_UNREACHABLE,
        r"LocalEntryNotFoundError|OfflineModeIsEnabled|[Cc]annot reach https?://\S+: offline mode"
        r"|couldn't connect to '?https?://|Failed to resolve '[\w.-]+'"
        r"|outgoing traffic has been disabled",
        _offline,
    ),
    rule(
        failures.MODEL_INCOMPLETE,
        r"(?P<why>Cannot find any model weights with \S+|Couldn't instantiate the backend tokenizer.*"
        r"|.*does not appear to have (?:a )?files? named \S+"
        r"|Can't load (?:the configuration of|tokenizer for).*"
        r"|Repo id must be in the form.*|Unrecognized model in \S+"
        r"|Invalid repository ID or local directory specified: \S+)",
        _INCOMPLETE,
    ),
    rule(
        failures.MODULE_MISSING,
        r"(?:ModuleNotFoundError|ImportError): No module named '(?P<name>[\w.]+)'",
        _module,
    ),
    rule(
        failures.MODULE_MISSING,
        r"ImportError: .*(?:[Pp]lease install|pip install|requires?) [`'\"]?(?:the )?"
        r"(?P<name>[A-Za-z][\w-]+)",
        _module,
    ),
)


def _renamed(name: str) -> re.Match[str]:
    """A match whose group `name` is this one."""
    found = re.fullmatch(r"(?P<name>.*)", name)
    assert found
    return found
