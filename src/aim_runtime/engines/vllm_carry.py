"""How the value of an option that vLLM renamed is written under its new name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

# The new arguments that mean the same; empty where the engine's default does, None where nothing does.
Carried = Mapping[str, Any] | None


def carried(key: str, to: str, value: Any) -> Carried:
    """Write `key: value` (true and false for a switch) as vLLM spells it since it is called `to`."""
    carry = _CARRIES.get(key)
    return carry(value) if carry else {to: value}


def as_mapping(value: Any) -> dict[str, Any] | None:
    """A mapping, also one written as JSON; None for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return dict(value) if isinstance(value, Mapping) else None


def _into(config: str, name: str) -> Callable[[Any], Carried]:
    return lambda value: {config: {name: value}}


def _switch_into(config: str, name: str) -> Callable[[Any], Carried]:
    return lambda value: {config: {name: True}} if value is True else {}


def _switch(to: str, on: Any) -> Callable[[Any], Carried]:
    return lambda value: {to: on} if value is True else {}


def _mapping_into(config: str, name: str) -> Callable[[Any], Carried]:
    def carry(value: Any) -> Carried:
        mapping = as_mapping(value)
        return None if mapping is None else {config: {name: mapping}}

    return carry


# The tasks whose runner and conversion are the same for every model.
_TASKS: Mapping[str, Mapping[str, str]] = {
    **{name: {"runner": name} for name in ("auto", "draft", "generate")},
    **{name: {"runner": "pooling", "convert": "embed"} for name in ("embed", "embedding")},
    "classify": {"runner": "pooling", "convert": "classify"},
}

_CARRIES: Mapping[str, Callable[[Any], Carried]] = {
    "rope-scaling": _mapping_into("hf-overrides", "rope_scaling"),
    "rope-theta": _into("hf-overrides", "rope_theta"),
    "guided-decoding-backend": _into("structured-outputs-config", "backend"),
    "guided-decoding-disable-additional-properties": _switch_into(
        "structured-outputs-config", "disable_additional_properties"
    ),
    "guided-decoding-disable-any-whitespace": _switch_into(
        "structured-outputs-config", "disable_any_whitespace"
    ),
    "disable-mm-preprocessor-cache": _switch("mm-processor-cache-gb", 0),
    "enable-multimodal-encoder-data-parallel": _switch("mm-encoder-tp-mode", "data"),
    "task": lambda value: _TASKS.get(str(value)),
    "eplb-log-balancedness": _switch_into("eplb-config", "log_balancedness"),
    "eplb-step-interval": _into("eplb-config", "step_interval"),
    "eplb-window-size": _into("eplb-config", "window_size"),
    "num-redundant-experts": _into("eplb-config", "num_redundant_experts"),
    "log-config-file": _into("logging-config", "pylogging_config_file"),
}
