"""A profile derived for a model: which count, context and switches, and what is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import convert

from aim_runtime.authoring.new import Draft, draft
from aim_runtime.authoring.new_text import text_of
from aim_runtime.errors import HardwareError, InvalidValue, MissingSetting, NoProfile
from aim_runtime.hardware.accelerator import Hardware
from aim_runtime.hardware.declared import SOURCE, declare
from aim_runtime.models.architecture import Architecture
from aim_runtime.models.cache import Cache
from aim_runtime.models.ref import ModelRef
from aim_runtime.profiles.catalog import Catalog
from aim_runtime.profiles.profile import Evidence, ProfileFile
from aim_runtime.settings import Settings
from aim_runtime.site import Site
from aim_runtime.vocabulary import Metric, Precision, ProfileType
from unit.profiles.build import CPU, GIB, machine

MODEL = "acme/chat"
TODAY = date(2026, 11, 25)
LLAMA_70B: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "dtype": "bfloat16",
    "num_hidden_layers": 80,
    "hidden_size": 8192,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "intermediate_size": 28672,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
SIZE_70B = int(131.4 * GIB)


def derived(
    folder: Path,
    config: dict[str, Any] | None = LLAMA_70B,
    size_bytes: int = SIZE_70B,
    hardware: Hardware | None = None,
    looked_up: Architecture | None = None,
    **asked: Any,
) -> Draft:
    """Derive a profile for a model that is in the cache as far as names and sizes go."""
    if config is not None:
        weights = folder / "models" / MODEL
        weights.mkdir(parents=True, exist_ok=True)
        (weights / "config.json").write_text(json.dumps(config))
        with (weights / "model.safetensors").open("wb") as file:
            file.truncate(size_bytes)
    ref = ModelRef.parse(f"hf://{MODEL}")
    settings = Settings(**{"model_ref": ref, "accelerator_model": "MI300X", **asked})
    if hardware is None:
        model = settings.accelerator_model or "MI300X"
        hardware = Hardware(declare(model, settings.accelerator_count, 0), CPU, SOURCE)
    known = (ref, looked_up) if looked_up else None
    return draft(settings, Site(hardware, Catalog(), Cache(folder / "models"), None, known), TODAY)


def test_the_whole_profile(tmp_path: Path) -> None:
    found = derived(tmp_path)
    assert found.path == Path("custom/acme/chat/vllm-mi300x-bf16-tp2-latency.yaml")
    assert found.profile_id == "custom/acme/chat/vllm-mi300x-bf16-tp2-latency"
    assert found.unknown == ()
    content = found.content
    assert (content.aim_id, content.model_id) == (MODEL, MODEL)
    metadata = content.metadata
    assert (metadata.accelerator_model, metadata.accelerator_count) == ("MI300X", 2)
    assert (metadata.precision, metadata.metric) == (Precision.BF16, Metric.LATENCY)
    assert (metadata.type, metadata.manual_only) == (ProfileType.UNOPTIMIZED, False)
    assert content.engine_args == {
        "gpu-memory-utilization": 0.92,
        "max-model-len": 131072,
        "enable-auto-tool-choice": True,
        "tool-call-parser": "llama3_json",
    }
    assert content.env_vars == {
        "VLLM_DO_NOT_TRACK": "1",
        "VLLM_ROCM_USE_AITER": "1",
        "NCCL_MIN_NCHANNELS": "112",
    }
    evidence = content.evidence
    assert evidence is not None
    assert (evidence.source, evidence.engine, evidence.date) == ("derived", "vLLM 0.32.0", "2026-11-25")
    assert "65.7 GiB of 176.6 GiB" in evidence.changes[1]


def test_the_text_reads_back_as_the_profile_with_a_reason_above_every_value(tmp_path: Path) -> None:
    found = derived(tmp_path)
    text = text_of(found)
    assert convert(yaml.safe_load(text), ProfileFile) == found.content
    lines = text.splitlines()
    for section in (found.content.engine_args, found.content.env_vars):
        for key in section:
            place = next(number for number, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
            assert lines[place - 1].lstrip().startswith("# "), lines[place]


@pytest.mark.parametrize(
    ("accelerator", "count"), [("MI300X", 2), ("MI325X", 1), ("MI250X", 4), ("MI355X", 1), ("W7900", 8)]
)
def test_the_fewest_accelerators_that_hold_the_whole_context(
    accelerator: str, count: int, tmp_path: Path
) -> None:
    found = derived(tmp_path, accelerator_model=accelerator)
    assert found.content.metadata.accelerator_count == count
    assert found.content.engine_args["max-model-len"] == 131072


def test_a_given_count_is_kept_and_the_context_shortened_to_whole_steps(tmp_path: Path) -> None:
    found = derived(tmp_path, accelerator_count=1)
    assert found.content.metadata.accelerator_count == 1
    length = found.content.engine_args["max-model-len"]
    assert length % 1024 == 0
    assert 100_000 < length < 131072
    assert "131072" in found.reasons["max-model-len"]


def test_no_more_accelerators_than_the_machine_has(tmp_path: Path) -> None:
    here = machine("MI300X")
    found = derived(tmp_path, hardware=here, accelerator_model=None)
    assert found.content.metadata.accelerator_count == 1
    assert found.content.engine_args["max-model-len"] < 131072


def test_the_kind_that_a_mixed_machine_has_most_of(tmp_path: Path) -> None:
    here = machine("MI210", "4*MI300X")
    found = derived(tmp_path, hardware=here, accelerator_model=None)
    assert found.content.metadata.accelerator_model == "MI300X"


def test_a_model_that_no_count_holds_is_refused_with_the_numbers(tmp_path: Path) -> None:
    with pytest.raises(NoProfile, match=r"does not fit 8 x MI250X: weights 100\.0 GiB") as caught:
        derived(tmp_path, size_bytes=800 * GIB, accelerator_model="MI250X")
    assert "--accelerator-model" in caught.value.hint


def test_heads_that_cannot_be_spread(tmp_path: Path) -> None:
    with pytest.raises(NoProfile, match=r"64 attention heads .* over 3"):
        derived(tmp_path, accelerator_count=3)


@pytest.mark.parametrize(
    ("accelerator", "switch"),
    [("MI300X", "1"), ("MI355X", "1"), ("MI250X", "0"), ("MI210", "0"), ("W7900", None), ("R9700", None)],
)
def test_aiter_follows_the_accelerators_architecture(
    accelerator: str, switch: str | None, tmp_path: Path
) -> None:
    found = derived(tmp_path, accelerator_model=accelerator)
    assert found.content.env_vars.get("VLLM_ROCM_USE_AITER") == switch


def test_throughput_is_left_to_the_engines_own_mode(tmp_path: Path) -> None:
    assert derived(tmp_path, metric=Metric.THROUGHPUT).content.engine_args["performance-mode"] == "throughput"
    assert "performance-mode" not in derived(tmp_path).content.engine_args


def test_a_cpu_has_a_cache_of_its_own_size(tmp_path: Path) -> None:
    config = {**LLAMA_70B, "num_hidden_layers": 16}
    found = derived(tmp_path, config, 2 * GIB, machine(), accelerator_model=None)
    assert found.path.name == "vllm-cpu-bf16-tp1-latency.yaml"
    assert found.content.env_vars == {"VLLM_CPU_KVCACHE_SPACE": "4", "VLLM_DO_NOT_TRACK": "1"}
    assert "gpu-memory-utilization" not in found.content.engine_args
    # 4 GiB hold 65536 tokens of 16 layers x 2 x 8 heads x 128 numbers; the engine keeps a block back.
    assert found.content.engine_args["max-model-len"] == 64512


def test_what_the_hub_told_counts_as_known(tmp_path: Path) -> None:
    told = Architecture.from_config(LLAMA_70B, SIZE_70B, "config.json at a hub")
    found = derived(tmp_path, None, looked_up=told)
    assert found.content.metadata.accelerator_count == 2
    assert found.content.engine_args["max-model-len"] == 131072
    assert found.content.metadata.precision is Precision.BF16
    assert found.unknown == ()


def test_what_is_not_known_is_left_out_and_said(tmp_path: Path) -> None:
    found = derived(tmp_path, None)
    assert found.content.engine_args == {"gpu-memory-utilization": 0.92}
    assert found.content.metadata.accelerator_count == 8
    assert [text.partition(":")[0] for text in found.unknown] == [
        *("precision", "accelerator_count", "max-model-len"),
        "tool-call-parser and reasoning-parser",
    ]
    evidence = found.content.evidence
    assert evidence is not None
    assert evidence.changes == [
        "no facts of the model were at hand",
        "memory not computed: the size of the weights is not known",
    ]


def test_layers_that_the_arithmetic_does_not_know_get_no_context(tmp_path: Path) -> None:
    found = derived(tmp_path, {**LLAMA_70B, "layer_types": ["linear_attention"] * 80})
    assert "max-model-len" not in found.content.engine_args
    assert any("max-model-len" in text for text in found.unknown)


@pytest.mark.parametrize(
    ("config", "precision"),
    [
        ({"dtype": "float16"}, Precision.FP16),
        ({"torch_dtype": "bfloat16"}, Precision.BF16),
        ({"dtype": None, "text_config": {"dtype": "bfloat16"}}, Precision.BF16),
        ({"quantization_config": {"quant_method": "fp8"}}, Precision.FP8),
        ({"quantization_config": {"quant_method": "mxfp4"}}, Precision.FP4),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, Precision.INT4),
    ],
)
def test_the_precision_is_that_of_the_weights(
    config: dict[str, Any], precision: Precision, tmp_path: Path
) -> None:
    found = derived(tmp_path, {**LLAMA_70B, **config})
    assert found.content.metadata.precision is precision
    assert found.unknown == ()


def test_sixteen_bits_are_converted_and_nothing_else_is(tmp_path: Path) -> None:
    assert derived(tmp_path, precision=Precision.FP16).content.engine_args["dtype"] == "float16"
    with pytest.raises(InvalidValue, match=r"precision fp8: the weights of hf://acme/chat are bf16"):
        derived(tmp_path, precision=Precision.FP8)


def test_an_aim_id_of_ones_own(tmp_path: Path) -> None:
    found = derived(tmp_path, aim_id="mine/chat")
    assert found.path.parent == Path("custom/mine/chat")
    assert (found.content.aim_id, found.content.model_id) == ("mine/chat", MODEL)


def test_the_users_own_arguments_are_not_of_the_profile(tmp_path: Path) -> None:
    found = derived(tmp_path, engine_args={"max-model-len": 10, "enforce-eager": True})
    assert found.content == derived(tmp_path).content


def test_a_model_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(MissingSetting, match="--model-id"):
        derived(tmp_path, model_ref=None)


def test_gpus_that_are_not_known(tmp_path: Path) -> None:
    here = machine("MI300X")
    strange = Hardware((replace(here.gpus[0], model=None, name="0x1234"),), CPU, "a test")
    with pytest.raises(HardwareError, match="0x1234"):
        derived(tmp_path, hardware=strange, accelerator_model=None)


@pytest.mark.parametrize(
    "more",
    [
        {"figures": {"tokens_per_s": 1.0}},
        {"baseline": {"tokens_per_s": 1.0}},
        {"machine": "a big one"},
        {"workload": "chat"},
        {"release": "AMD AIM 0.12"},
        {"reference": "https://example.org/figures"},
        {"date": None},
        {"engine": None},
    ],
)
def test_derived_evidence_claims_no_measurement(more: dict[str, Any]) -> None:
    whole: dict[str, Any] = {
        "source": "derived",
        "engine": "vLLM 0.32.0",
        "date": "2026-11-25",
        "changes": ["a"],
    }
    Evidence(**whole)
    with pytest.raises(ValueError, match="derived evidence has engine and date"):
        Evidence(**{**whole, **more})
