"""The models room: the precision in which weights are stored, as their `config.json` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aim_runtime.vocabulary import Precision

# Names of PyTorch's number formats that weights are stored in.
DTYPES = {
    "bfloat16": Precision.BF16,
    "float16": Precision.FP16,
    "float32": Precision.FP32,
}
_METHODS = {"fp8": Precision.FP8, "mxfp4": Precision.FP4, "awq": Precision.INT4}
_BITS = {"4": Precision.INT4, "8": Precision.INT8}


def stored_precision(config: Mapping[str, Any]) -> Precision | None:
    """What `config.json` says of its quantisation, else of its numbers; None where it says neither."""
    quantised = config.get("quantization_config")
    if isinstance(quantised, Mapping):
        return _BITS.get(str(quantised.get("bits"))) or _METHODS.get(str(quantised.get("quant_method")))
    for key in ("dtype", "torch_dtype"):
        if str(config.get(key)) in DTYPES:
            return DTYPES[str(config[key])]
    return None
