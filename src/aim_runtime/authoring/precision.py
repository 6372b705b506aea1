"""The precision that a new profile states: that of the weights, as far as it is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aim_runtime.errors import InvalidValue
from aim_runtime.models.ref import ModelRef
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.vocabulary import Precision

_DTYPES = {
    "bfloat16": Precision.BF16,
    "float16": Precision.FP16,
    "float32": Precision.FP32,
}
_METHODS = {"fp8": Precision.FP8, "mxfp4": Precision.FP4, "awq": Precision.INT4}
_BITS = {"4": Precision.INT4, "8": Precision.INT8}


@dataclass(frozen=True)
class Stored:
    """The precision to state, why, what the engine must be told for it, and what was not known."""

    precision: Precision
    reason: str
    arguments: dict[str, tuple[Any, str]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def of_weights(settings: Settings, site: Site, ref: ModelRef) -> Stored:
    """Return the precision asked for, else that of the weights, else bf16 with a word on it.

    Raises InvalidValue where the one asked for is not what the weights are, nor a format that the
    engine makes of them by itself (its `dtype`).
    """
    found, asked = _found(settings, site, ref), settings.precision
    if asked is None:
        if found:
            return Stored(found, "as the weights are stored")
        text = "precision: nothing at hand says it; bf16 assumed"
        return Stored(Precision.BF16, "assumed: what most weights are stored in", unknown=(text,))
    if found in (None, asked):
        return Stored(asked, "as it was asked for")
    dtype = next((name for name, precision in _DTYPES.items() if precision is asked), None)
    if found not in _DTYPES.values() or dtype is None:
        raise InvalidValue(
            f"precision {asked}: the weights of {ref} are {found}",
            hint=f"leave --precision out, or name weights that are {asked} with --model-id",
        )
    why = f"the weights are {found}; they are converted while they are loaded"
    return Stored(asked, "as it was asked for", {"dtype": (dtype, why)})


def _found(settings: Settings, site: Site, ref: ModelRef) -> Precision | None:
    location = site.cache.locate(settings.custom_model_name or ref.model_id, (ref,))
    if location.present:
        return _of_config(_config(location.path))
    aim = site.catalog.aim
    if aim and ref.name in {source.name for source in aim.sources}:
        return next(iter(aim.weights.size_bytes), None)
    return None


def _of_config(config: Mapping[str, Any]) -> Precision | None:
    """What `config.json` says: of its quantisation, else of its numbers."""
    stored = config.get("quantization_config")
    if isinstance(stored, Mapping):
        return _BITS.get(str(stored.get("bits"))) or _METHODS.get(str(stored.get("quant_method")))
    text = config.get("text_config")
    for part in (config, text if isinstance(text, Mapping) else {}):
        for key in ("dtype", "torch_dtype"):
            if str(part.get(key)) in _DTYPES:
                return _DTYPES[str(part[key])]
    return None


def _config(folder: Path) -> Mapping[str, Any]:
    """The content of `config.json`; a damaged one says nothing, and is serving's to report."""
    try:
        found = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
