"""The precision of stored weights, by config.json."""

from __future__ import annotations

from typing import Any

import pytest

from aim_runtime.models.architecture import Architecture
from aim_runtime.vocabulary import Precision

ROWS: list[tuple[dict[str, Any], Precision | None]] = [
    ({"torch_dtype": "bfloat16"}, Precision.BF16),
    ({"dtype": "float16"}, Precision.FP16),
    ({"dtype": "float32", "torch_dtype": "bfloat16"}, Precision.FP32),
    ({"text_config": {"torch_dtype": "bfloat16"}}, Precision.BF16),
    ({"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "fp8"}}, Precision.FP8),
    ({"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "mxfp4"}}, Precision.FP4),
    ({"quantization_config": {"quant_method": "gptq", "bits": 8}}, Precision.INT8),
    ({"quantization_config": {"quant_method": "awq", "bits": 4}}, Precision.INT4),
    ({"torch_dtype": "bfloat16", "quantization_config": {"quant_method": "quark"}}, None),
    ({"torch_dtype": "complex64"}, None),
    ({"torch_dtype": 16}, None),
    ({}, None),
]


@pytest.mark.parametrize(("config", "expected"), ROWS, ids=[str(row[0]) for row in ROWS])
def test_what_config_json_says(config: dict[str, Any], expected: Precision | None) -> None:
    assert Architecture.from_config(config).stored is expected
