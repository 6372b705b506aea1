"""The arguments and variables of a new profile, each with its reason.

Sources: vLLM's defaults (engine/arg_utils.py), AMD's guide to vLLM on ROCm (AITER, RCCL channels).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aim_runtime.authoring.count import Choice
from aim_runtime.authoring.engine_version import EngineVersion
from aim_runtime.authoring.target import Target
from aim_runtime.engines.vllm import importable
from aim_runtime.engines.vllm_environment import AITER
from aim_runtime.engines.vllm_memory import UTILIZATION
from aim_runtime.engines.vllm_parsers import AUTO, REASONING, TOOLS, parsers
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.ref import ModelRef
from aim_runtime.profiles.fit import NotKnown
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import AcceleratorType, Metric

# The size that the shipped general CPU profiles were measured with.
_CPU_CACHE_GIB = 4
# AMD documents AITER off on gfx90a, as it is not made for it.
_SWITCH = {**dict.fromkeys(AITER, "1"), "gfx90a": "0"}

# By key: the value, and why it is that one.
Reasoned = dict[str, tuple[Any, str]]


def of_metric(settings: Settings, target: Target, engine: EngineVersion) -> Reasoned:
    """The arguments that do not depend on the model."""
    if target.type is AcceleratorType.CPU:
        return {}
    why = "vLLM's own share since 0.32, written down: another version would change what fits"
    found: Reasoned = {"gpu-memory-utilization": (UTILIZATION, why)}
    if settings.metric is Metric.THROUGHPUT and engine.options.kind("performance-mode"):
        why = "twice as many sequences and tokens in a step as by default: vLLM's own choice for throughput"
        found["performance-mode"] = ("throughput", why)
    return found


def of_accelerator(target: Target) -> Reasoned:
    """The variables that any model wants on this accelerator."""
    found: Reasoned = {}
    if target.type is AcceleratorType.CPU:
        why = "GiB for the KV cache: without it vLLM takes a share of all the machine's memory"
        found["VLLM_CPU_KVCACHE_SPACE"] = (str(_CPU_CACHE_GIB), why)
    found["VLLM_DO_NOT_TRACK"] = ("1", "no usage statistics are sent")
    switch = _SWITCH.get(target.gfx or "")
    if switch:
        made = "are made for" if switch == "1" else "are not made for"
        found["VLLM_ROCM_USE_AITER"] = (switch, f"AMD's AITER kernels {made} {target.gfx}")
    return found


def collectives(target: Target, count: int) -> Reasoned:
    """What several accelerators want to talk to one another."""
    if count == 1 or target.gfx != "gfx942":
        return {}
    why = "channels of the collectives between accelerators: AMD's recommendation for gfx942"
    return {"NCCL_MIN_NCHANNELS": ("112", why)}


def context(choice: Choice, model: Architecture) -> tuple[Reasoned, tuple[str, ...]]:
    """The length of a request: what the model can take, else the longest that fits in whole steps."""
    found, key = choice.fit, "max-model-len"
    if isinstance(found, NotKnown):
        return {}, (f"{key}: {found.reason}",)
    limit, longest = model.max_positions, found.longest_context
    if limit is None or longest is None:
        what = "the model's limit" if limit is None else "what a token takes in the KV cache"
        return {}, (f"{key}: {what} is not known",)
    if found.fits:
        return {key: (limit, "the longest context that the model can take; it fits")}, ()
    why = f"the longest context that fits; the model can take {limit} tokens"
    return {key: (found.shorter, why)}, ()


def spoken(
    model: Architecture, ref: ModelRef, given: Mapping[str, Any], engine: EngineVersion
) -> tuple[Reasoned, tuple[str, ...]]:
    """The parsers of what the model writes, and why there are none."""
    found = parsers(model, ref.model_id, given, engine.options, partial(importable, engine.install))
    why = {
        AUTO: "lets the model decide when to call a tool",
        TOOLS: f"how a {model.name} writes tool calls",
        REASONING: f"how a {model.name} marks its reasoning",
    }
    unknown = () if model.name else (f"{TOOLS} and {REASONING}: the model's architecture is not known",)
    reasoned = {key: (value, why[key]) for key, value in found.arguments.items()}
    return reasoned, (*unknown, *found.notes)


def values(reasoned: Reasoned) -> dict[str, Any]:
    """The values without their reasons."""
    return {key: value for key, (value, _) in reasoned.items()}
