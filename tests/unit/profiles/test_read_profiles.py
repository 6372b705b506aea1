"""A broken file says where, what, what is allowed and what was probably meant; a good one is read whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.profile import ProfileFile, todays_spelling
from aim_runtime.profiles.read import Broken, read
from aim_runtime.vocabulary import AcceleratorType, Metric, Precision, ProfileType
from unit.profiles.build import content, write

GOOD = """\
aim_id: acme/model
model_id: acme/model
metadata:
  engine: vllm
  accelerator_type: gpu
  accelerator_model: MI300X
  accelerator_count: 8
  precision: fp16
  metric: latency
  type: optimized
engine_args:
  dtype: float16
env_vars:
  VLLM_ROCM_USE_AITER: '1'
"""
PUBLISHED = "evidence:\n  source: published\n  release: AMD AIM 0.9\n"
MEASURED = """\
evidence:
  source: measured
  engine: vLLM 0.32.0
  machine: one MI300X
  date: '2026-11-23'
  figures:
    ttft_s: 0.5
"""


def reason(path: Path, text: str) -> str:
    found = read(write(path / "p.yaml", text), ProfileFile, todays_spelling)
    assert isinstance(found, Broken), found
    return found.reason


def profile_file(path: Path, text: str) -> ProfileFile:
    found = read(write(path / "p.yaml", text), ProfileFile, todays_spelling)
    assert isinstance(found, ProfileFile), found
    return found


def swap(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_file(tmp_path: Path) -> None:
    found = profile_file(tmp_path, GOOD + MEASURED)
    assert found.metadata.precision is Precision.FP16
    assert found.metadata.accelerator_type is AcceleratorType.GPU
    assert (found.metadata.metric, found.metadata.type) == (Metric.LATENCY, ProfileType.OPTIMIZED)
    assert found.engine_args == {"dtype": "float16"}
    assert found.evidence is not None
    assert found.evidence.figures == {"ttft_s": 0.5}


BROKEN = [
    ("empty", "", "Expected a mapping, got `null`"),
    ("list", "- a\n", "Expected a mapping, got a list"),
    ("not yaml", "metadata: [\n", "line 2: not YAML"),
    ("tab", "metadata:\n\tengine: vllm\n", "line 2: not YAML"),
    ("code", "!!python/object:os.system x\n", "line 1: not YAML: could not determine a constructor"),
    (
        "precision",
        swap("fp16", "fp17"),
        "line 8: metadata.precision: 'fp17'; did you mean fp16? "
        "(allowed: int4, int8, fp4, fp8, fp16, bf16, fp32)",
    ),
    (
        "metric",
        swap("metric: latency", "metric: latncy"),
        "line 9: metadata.metric: 'latncy'; did you mean latency? (allowed: latency, throughput)",
    ),
    (
        "type",
        swap("type: optimized", "type: optimised"),
        "line 10: metadata.type: 'optimised'; did you mean optimized? "
        "(allowed: optimized, preview, unoptimized, general)",
    ),
    ("accelerator type", swap("gpu", "tpu"), "line 5: metadata.accelerator_type: 'tpu'; did you mean"),
    ("count zero", swap("8", "0"), "line 7: metadata.accelerator_count: 0: expected a whole number >= 1"),
    ("count text", swap("8", "two"), "line 7: metadata.accelerator_count: 'two': expected a whole number"),
    ("count fraction", swap("8", "1.5"), "line 7: metadata.accelerator_count: 1.5: expected a whole number"),
    ("count yes", swap("8", "yes"), "line 7: metadata.accelerator_count: True: expected a whole number"),
    ("no engine", swap("  engine: vllm\n", ""), "line 3: metadata.engine is missing"),
    (
        "empty model",
        swap("MI300X", "''"),
        "line 6: metadata.accelerator_model: '': expected text of length >= 1",
    ),
    (
        "model list",
        swap("MI300X", "[MI300X]"),
        "line 6: metadata.accelerator_model: expected text, got a list",
    ),
    (
        "unknown key",
        GOOD + "engine_arg: {}\n",
        "line 15: unknown key engine_arg; did you mean engine_args? "
        "(allowed: aim_id, engine_args, env_vars, evidence, metadata, model_id)",
    ),
    (
        "unknown metadata key",
        swap("metric:", "metrics:"),
        "line 9: unknown key metadata.metrics; did you mean metric? (allowed: accelerator_count, ",
    ),
    (
        "metadata text",
        "metadata: x\nengine_args: {}\nenv_vars: {}\n",
        "line 1: metadata: 'x': expected a mapping",
    ),
    (
        "args list",
        swap("  dtype: float16", "  - dtype"),
        "line 11: engine_args: expected a mapping, got a list",
    ),
    ("no env", GOOD.partition("env_vars")[0], "env_vars is missing"),
    (
        "env number",
        swap("'1'", "1"),
        "line 14: env_vars.VLLM_ROCM_USE_AITER: 1: expected text, got a whole number",
    ),
    ("env null", swap("'1'", ""), "line 14: env_vars.VLLM_ROCM_USE_AITER: None: expected text, got `null`"),
    (
        "key not text",
        swap("dtype:", "1:"),
        "line 11: engine_args: a key is wrong: expected text, got a whole number",
    ),
    ("model without aim", swap("aim_id: acme/model\n", ""), "aim_id and model_id are both given"),
    ("aim without model", swap("model_id: acme/model\n", ""), "aim_id and model_id are both given"),
    (
        "evidence source",
        GOOD + "evidence:\n  source: guessed\n",
        "line 16: evidence.source: 'guessed' (allowed: published, measured)",
    ),
    (
        "published figures",
        GOOD + PUBLISHED + "  figures: {ttft_s: 1}\n",
        "line 15: evidence: published evidence names a release and claims no figures",
    ),
    (
        "published without release",
        GOOD + "evidence: {source: published}\n",
        "names a release and claims no figures",
    ),
    (
        "measured without date",
        GOOD + MEASURED.replace("  date: '2026-11-23'\n", ""),
        "measured evidence has figures,",
    ),
    (
        "measured without machine",
        GOOD + MEASURED.replace("  machine: one MI300X\n", ""),
        "engine, machine and date",
    ),
    ("measured without figures", GOOD + MEASURED.partition("  figures")[0], "measured evidence has figures,"),
    (
        "figure text",
        GOOD + MEASURED.replace("ttft_s: 0.5", "tpot_s: 0.1\n    ttft_s: fast"),
        "line 22: evidence.figures.ttft_s: 'fast': expected a number, got text",
    ),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_broken_file(tmp_path: Path, text: str, expected: str) -> None:
    found = reason(tmp_path, text)
    assert expected in found
    assert "\n" not in found


def test_what_is_not_text_or_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(b"\xff\xfe")
    assert read(tmp_path / "p.yaml", ProfileFile) == Broken("not UTF-8 text")
    assert read(tmp_path / "missing.yaml", ProfileFile) == Broken("cannot be read: No such file or directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads what nobody may")
def test_unreadable_file(tmp_path: Path) -> None:
    path = write(tmp_path / "p.yaml", GOOD)
    path.chmod(0)
    assert read(path, ProfileFile) == Broken("cannot be read: Permission denied")


@pytest.mark.parametrize(
    ("metadata", "model", "count"),
    [
        (
            {"accelerator_model": None, "accelerator_count": None, "gpu": "mi325x", "gpu_count": 4},
            "MI325X",
            4,
        ),
        ({"gpu": "MI325X", "gpu_count": 4}, "MI300X", 8),
        ({"accelerator_count": None, "gpu_count": 2}, "MI300X", 2),
        ({"accelerator_model": "mi300x"}, "MI300X", 8),
    ],
    ids=["0.9", "both: today's wins", "one of each", "small letters"],
)
def test_old_spelling(tmp_path: Path, metadata: dict[str, Any], model: str, count: int) -> None:
    found = read(write(tmp_path / "p.yaml", content(**metadata)), ProfileFile, todays_spelling)
    assert isinstance(found, ProfileFile)
    assert (found.metadata.accelerator_model, found.metadata.accelerator_count) == (model, count)


def test_capital_letters_are_read(tmp_path: Path) -> None:
    data = content(precision="FP8", metric="Latency", type="Optimized", engine="vLLM", accelerator_type="GPU")
    found = read(write(tmp_path / "p.yaml", data), ProfileFile, todays_spelling)
    assert isinstance(found, ProfileFile)
    assert (found.metadata.precision, found.metadata.engine) == (Precision.FP8, "vllm")


@pytest.mark.parametrize(
    ("type_", "said", "expected"),
    [
        ("optimized", None, False),
        ("preview", None, False),
        ("general", None, False),
        ("unoptimized", None, True),
        ("unoptimized", False, False),
        ("optimized", True, True),
    ],
)
def test_manual_only_follows_the_type_where_not_said(
    tmp_path: Path, type_: str, said: bool | None, expected: bool
) -> None:
    data = content(type=type_, manual_selection_only=said)
    found = read(write(tmp_path / "p.yaml", data), ProfileFile)
    assert isinstance(found, ProfileFile)
    assert found.metadata.manual_only is expected


AIM_FILE = """\
org: {opencontainers: {image: {vendor: v, licenses: MIT, description: d, source: s}}}
com: {amd: {aim: {title: t, model: {canonicalName: acme/model, publisher: p, tags: [chat]}}}}
weights:
  sources: [hf://acme/model, /data]
  size_bytes: {bf16: 1000}
"""


def test_aim_file(tmp_path: Path) -> None:
    found = read(write(tmp_path / "metadata.yaml", AIM_FILE), AimFile)
    assert isinstance(found, AimFile)
    assert (found.aim_id, found.licenses, found.capabilities) == ("acme/model", "MIT", ("chat",))
    assert [str(ref) for ref in found.sources] == ["hf://acme/model", "file:///data"]
    assert not found.token_required
    sizes = [found.size_bytes(precision) for precision in (Precision.BF16, Precision.FP16, Precision.FP8)]
    assert sizes == [1000, 1000, None]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[hf://acme/model, /data]", "[]", "line 4: weights.sources: expected a list of length >= 1"),
        ("/data", "s4://x/y", "line 3: weights: sources: 's4://x/y': the scheme s4:// is not known"),
        ("bf16: 1000", "bf17: 1000", "line 5: weights.size_bytes: a key is wrong: invalid enum value 'bf17'"),
        ("vendor: v", "vender: v", "unknown key org.opencontainers.image.vender; did you mean vendor?"),
        ("publisher: p, ", "", "com.amd.aim.model.publisher is missing"),
    ],
)
def test_broken_aim_file(tmp_path: Path, old: str, new: str, expected: str) -> None:
    found = read(write(tmp_path / "metadata.yaml", AIM_FILE.replace(old, new)), AimFile)
    assert isinstance(found, Broken)
    assert expected in found.reason
