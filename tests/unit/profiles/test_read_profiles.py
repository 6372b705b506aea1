"""A broken file says where, what, what is allowed and what was probably meant; a good one is read whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from aim_runtime.profiles.aim import AimFile
from aim_runtime.profiles.document import Document, parse
from aim_runtime.profiles.faults import Broken, Fault
from aim_runtime.profiles.profile import ProfileFile, todays_spelling
from aim_runtime.profiles.read import read
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
PUBLISHED_FIGURES = (
    PUBLISHED
    + """\
  reference: https://example.org/figures
  machine: 8 x MI300X
  figures:
    clients_1_ttft_p90_s: 0.5
"""
)
MEASURED = """\
evidence:
  source: measured
  engine: vLLM 0.32.0
  machine: one MI300X
  date: '2026-11-23'
  figures:
    ttft_s: 0.5
"""


def broken(path: Path, text: str) -> Broken:
    found = read(write(path / "p.yaml", text), ProfileFile, todays_spelling)
    assert isinstance(found, Broken), found
    return found


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


def test_published_figures_say_where_they_were_published(tmp_path: Path) -> None:
    found = profile_file(tmp_path, GOOD + PUBLISHED_FIGURES)
    assert found.evidence is not None
    assert found.evidence.source == "published"
    assert found.evidence.reference == "https://example.org/figures"
    assert profile_file(tmp_path, GOOD + PUBLISHED).evidence is not None, "without figures as before"


BROKEN = [
    ("empty", "", "empty: expected a mapping"),
    ("only a comment", "# nothing\n", "empty: expected a mapping"),
    ("list", "- a\n", "a list: expected a mapping"),
    ("words", "some words\n", "'some words': expected a mapping"),
    ("not yaml", "metadata: [\n", "line 2, column 1: not YAML: did not find expected node content"),
    (
        "not closed",
        "metadata:\n  a: [1\n  b: 2\n",
        "line 3, column 4: not YAML: did not find expected ',' or ']' while parsing a flow sequence "
        "that starts on line 2",
    ),
    ("tab", "metadata:\n\tengine: vllm\n", "line 2, column 1: a tab; YAML is indented with spaces"),
    ("tab deep in", swap("  precision", "\tprecision"), "line 8, column 1: a tab; YAML is indented"),
    ("two documents", f"{GOOD}---\n{GOOD}", "line 16, column 1: has 2 documents; one profile a file"),
    ("three documents", "a: 1\n---\nb: 1\n---\n", "line 3, column 1: has 3 documents; one profile a file"),
    (
        "code",
        "!!python/object:os.system x\n",
        "line 1, column 1: the tag !!python/object:os.system is not used",
    ),
    ("tag of a mapping", swap("float16", "!!set {a}"), "line 12, column 10: the tag !!set is not used here"),
    ("wrong tag", swap("float16", "!!bool maybe"), "line 12, column 10: maybe is not a boolean"),
    (
        "no such day",
        swap("'1'", "2026-13-45"),
        "line 14, column 24: 2026-13-45 looks like a date: month must be in 1..12; quote it if it is text",
    ),
    ("no number", swap("float16", "0b_"), "line 12, column 10: 0b_ looks like a number: invalid literal"),
    ("key of keys", swap("dtype:", "[a]:"), "line 12, column 3: a key must be text"),
    ("control character", swap("float16", "flo\x00at"), "line 12, column 13: not YAML: control characters"),
    ("alias of nothing", swap("float16", "*x"), "line 12, column 10: not YAML: found undefined alias"),
    (
        "alias of itself",
        swap("engine_args:", "engine_args: &a\n  b: *a"),
        "line 11, column 14: refers to itself",
    ),
    ("deep", f"a: {'[' * 900}{']' * 900}\n", "nested too deeply"),
    ("too deep for libyaml", f"a: {'[' * 200_000}{']' * 200_000}\n", "nested too deeply"),
    ("large", f"{GOOD}#{'x' * 1024**2}\n", "larger than 1 MiB: not a file of the catalogue"),
    (
        "duplicate key",
        swap("  dtype", "  dtype: auto\n  dtype"),
        "line 13, column 3: duplicate key dtype (first on line 12)",
    ),
    (
        "duplicate section",
        f"{GOOD}env_vars: {{}}\n",
        "line 15, column 1: duplicate key env_vars (first on line 13)",
    ),
    (
        "duplicate merge",
        swap("  dtype", "  <<: {a: 1}\n  <<: {b: 1}\n  dtype"),
        "duplicate key << (first on line 12)",
    ),
    (
        "precision",
        swap("fp16", "fp17"),
        "line 8, column 14: metadata.precision: 'fp17'; did you mean fp16? "
        "(allowed: int4, int8, fp4, fp8, fp16, bf16, fp32)",
    ),
    ("precision bits", swap("fp16", "16"), "line 8, column 14: metadata.precision: 16; did you mean"),
    (
        "metric",
        swap("metric: latency", "metric: latncy"),
        "line 9, column 11: metadata.metric: 'latncy'; did you mean latency? (allowed: latency, throughput)",
    ),
    (
        "type",
        swap("type: optimized", "type: Optimised"),
        "line 10, column 9: metadata.type: 'Optimised'; did you mean optimized? "
        "(allowed: optimized, preview, unoptimized, general)",
    ),
    (
        "accelerator type",
        swap("gpu", "tpu"),
        "line 5, column 21: metadata.accelerator_type: 'tpu'; did you mean gpu? (allowed: gpu, cpu)",
    ),
    (
        "count zero",
        swap("8", "0"),
        "line 7, column 22: metadata.accelerator_count: 0: expected a whole number >= 1",
    ),
    (
        "count zero, 0.9",
        swap("accelerator_count: 8", "gpu_count: 0"),
        "line 7, column 14: metadata.gpu_count: 0: expected a whole number >= 1",
    ),
    (
        "model list, 0.9",
        swap("accelerator_model: MI300X", "gpu: [MI300X]"),
        "line 6, column 8: metadata.gpu: expected text, got a list",
    ),
    (
        "count text",
        swap("8", "two"),
        "line 7, column 22: metadata.accelerator_count: 'two': expected a whole number",
    ),
    ("count quoted", swap("8", "'8'"), "'8': expected a whole number; write it without quotes: 8"),
    ("count fraction", swap("8", "1.5"), "metadata.accelerator_count: 1.5: expected a whole number"),
    ("count yes", swap("8", "yes"), "metadata.accelerator_count: yes: expected a whole number"),
    ("boolean text", swap("  type:", "  primary: 'yes'\n  type:"), "primary: 'yes': expected true or false"),
    ("no engine", swap("  engine: vllm\n", ""), "line 3, column 1: metadata.engine is missing"),
    (
        "empty model",
        swap("MI300X", "''"),
        "line 6, column 22: metadata.accelerator_model: '': expected text of length >= 1",
    ),
    (
        "model list",
        swap("MI300X", "[MI300X]"),
        "line 6, column 22: metadata.accelerator_model: expected text, got a list",
    ),
    (
        "features",
        swap("  type:", "  features: [1]\n  type:"),
        "line 10, column 14: metadata.features.0: 1 (allowed: adapters, adapters-scale-only)",
    ),
    (
        "an unknown feature",
        swap("  type:", "  features: [adaptors]\n  type:"),
        "line 10, column 14: metadata.features.0: 'adaptors'; did you mean adapters? "
        "(allowed: adapters, adapters-scale-only)",
    ),
    (
        "two features",
        swap("  type:", "  features: [adapters, adapters-scale-only]\n  type:"),
        "features has one of adapters and adapters-scale-only at most",
    ),
    (
        "unknown key",
        GOOD + "engine_arg: {}\n",
        "line 15, column 1: unknown key engine_arg; did you mean engine_args? "
        "(allowed: aim_id, engine_args, env_vars, evidence, metadata, model_id)",
    ),
    ("unknown key in braces", GOOD + "'{x}': 1\n", "line 15, column 1: unknown key {x} (allowed: "),
    (
        "unknown metadata key",
        swap("metric:", "metrics:"),
        "line 9, column 3: unknown key metadata.metrics; did you mean metric? (allowed: accelerator_count, ",
    ),
    (
        "metadata text",
        "metadata: x\nengine_args: {}\nenv_vars: {}\n",
        "line 1, column 11: metadata: 'x': expected a mapping",
    ),
    (
        "args list",
        swap("  dtype: float16", "  - dtype"),
        "line 11, column 1: engine_args: expected a mapping, got a list",
    ),
    ("no env", GOOD.partition("env_vars")[0], "env_vars is missing"),
    (
        "key not text",
        swap("dtype:", "1:"),
        "line 12, column 3: the key engine_args.1: 1 is a number, expected text; quote it: '1'",
    ),
    (
        "key that is no text as written",
        swap("dtype:", "0x10:"),
        "line 12, column 3: the key engine_args.0x10: 0x10 is a number, expected text; quote it: '0x10'",
    ),
    ("model without aim", swap("aim_id: acme/model\n", ""), "aim_id and model_id are both given"),
    ("aim without model", swap("model_id: acme/model\n", ""), "aim_id and model_id are both given"),
    (
        "evidence source",
        GOOD + "evidence:\n  source: guessed\n",
        "line 16, column 11: evidence.source: 'guessed' (allowed: published, measured, derived)",
    ),
    (
        "published figures",
        GOOD + PUBLISHED + "  figures: {ttft_s: 1}\n",
        "line 15, column 1: evidence: published figures name a reference, where they were published, and a",
    ),
    (
        "published figures of no machine",
        GOOD + PUBLISHED + "  reference: https://example.org/a\n  figures: {ttft_s: 1}\n",
        "published figures name a reference, where they were published, and a machine",
    ),
    (
        "published baseline",
        GOOD + PUBLISHED_FIGURES + "  baseline: {ttft_s: 1}\n",
        "published evidence has no baseline: that is of a run of one's own",
    ),
    (
        "measured by reference",
        GOOD + MEASURED + "  reference: https://example.org/a\n",
        "measured evidence names no reference: that is for figures that others published",
    ),
    (
        "published without release",
        GOOD + "evidence: {source: published}\n",
        "line 15, column 11: evidence: published evidence names a release",
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
        "date not quoted",
        GOOD + MEASURED.replace("'2026-11-23'", "2026-11-23"),
        "line 19, column 9: evidence.date: 2026-11-23 is a date, expected text; quote it: '2026-11-23'",
    ),
    (
        "figure text",
        GOOD + MEASURED.replace("ttft_s: 0.5", "tpot_s: 0.1\n    ttft_s: fast"),
        "line 22, column 13: evidence.figures.ttft_s: 'fast': expected a number",
    ),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_broken_file(tmp_path: Path, text: str, expected: str) -> None:
    (fault,) = broken(tmp_path, text).faults
    assert expected in str(fault)
    assert "\n" not in str(fault)


ENV_NAME = "VLLM_ROCM_USE_AITER"


@pytest.mark.parametrize(
    ("written", "column", "expected"),
    [
        ("112", 24, "112 is a number, expected text; quote it: '112'"),
        ("1.50", 24, "1.50 is a number, expected text; quote it: '1.50'"),
        ("0x10", 24, "0x10 is a number, expected text; quote it: '0x10'"),
        ("true", 24, "true is a boolean, expected text; quote it: 'true'"),
        ("off", 24, "off is a boolean, expected text; quote it: 'off'"),
        ("2026-01-02", 24, "2026-01-02 is a date, expected text; quote it: '2026-01-02'"),
        ("null", 24, "null is no value, expected text; quote it: 'null'"),
        ("~", 24, "~ is no value, expected text; quote it: '~'"),
        ("", 3, "nothing is given: write '' for empty text, or remove the key"),
        ("[a]", 24, "expected text, got a list"),
        ("\n    a: b", 3, "expected text, got a mapping"),
    ],
)
def test_a_variable_that_is_not_text(tmp_path: Path, written: str, column: int, expected: str) -> None:
    (fault,) = broken(tmp_path, swap("'1'", written)).faults
    assert fault == Fault(14, column, f"env_vars.{ENV_NAME}: {expected}")


def lines(path: Path, text: str) -> list[tuple[int | None, str]]:
    return [
        (fault.line, fault.text.partition(";")[0].partition(" (")[0]) for fault in broken(path, text).faults
    ]


def test_every_fault_is_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD
    for old, new in (
        ("metric: latency", "metric: latncy"),
        ("  type: optimized\n", ""),
        ("accelerator_count: 8", "gpu_count: zero"),
        ("dtype: float16", "1: float16\n  a: b\n  a: c"),
        ("'1'", "1\n  B:"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    found = lines(tmp_path, text + "note: x\n" + MEASURED.replace("0.5", "fast"))
    assert found == [
        (3, "metadata.type is missing"),
        (7, "metadata.gpu_count: 'zero': expected a whole number"),
        (9, "metadata.metric: 'latncy'"),
        (11, "the key engine_args.1: 1 is a number, expected text"),
        (13, "duplicate key a"),
        (15, "env_vars.VLLM_ROCM_USE_AITER: 1 is a number, expected text"),
        (16, "env_vars.B: nothing is given: write '' for empty text, or remove the key"),
        (17, "unknown key note"),
        (24, "evidence.figures.ttft_s: 'fast': expected a number"),
    ]


def test_the_reason_is_all_faults_in_one_line(tmp_path: Path) -> None:
    found = broken(tmp_path, swap("8", "0").replace("'1'", "1"))
    assert found.reason == "; ".join(str(fault) for fault in found.faults)
    assert [fault.line for fault in found.faults] == [7, 14]


def test_a_misspelt_key_is_not_missing_too_and_its_value_is_checked(tmp_path: Path) -> None:
    assert lines(tmp_path, swap("precision: fp16", "precison: fp16")) == [
        (8, "unknown key metadata.precison")
    ]
    assert lines(tmp_path, swap("precision: fp16", "precison: fp17")) == [
        (8, "unknown key metadata.precison"),
        (8, "metadata.precison: 'fp17'"),
    ]
    assert lines(tmp_path, swap("model_id", "model_ids")) == [(2, "unknown key model_ids")]


def test_a_check_of_the_whole_is_made_beside_the_faults_of_its_parts(tmp_path: Path) -> None:
    text = swap("aim_id: acme/model\n", "").replace("fp16", "fp17")
    assert lines(tmp_path, text) == [
        (7, "metadata.precision: 'fp17'"),
        (None, "aim_id and model_id are both given"),
    ]


def test_every_duplicate_is_reported_and_the_last_value_is_checked(tmp_path: Path) -> None:
    text = swap("  precision: fp16\n", "  precision: fp17\n  precision: fp16\n  precision: fp18\n")
    assert lines(tmp_path, text) == [
        (9, "duplicate key precision"),
        (10, "duplicate key precision"),
        (10, "metadata.precision: 'fp18'"),
    ]


def test_aliases_and_merges_are_read(tmp_path: Path) -> None:
    text = swap("dtype: float16", "kept: &k {a: 1, b: 2}\n  again: *k\n  merged: {<<: *k, b: 3}")
    args = profile_file(tmp_path, text).engine_args
    assert args == {"kept": {"a": 1, "b": 2}, "again": {"a": 1, "b": 2}, "merged": {"a": 1, "b": 3}}


@pytest.mark.parametrize("around", ["{}", "\ufeff{}", "---\n{}", "{}...\n", "# first\n{}# last\n"])
def test_what_may_stand_around_a_profile(tmp_path: Path, around: str) -> None:
    assert profile_file(tmp_path, around.format(GOOD)) == profile_file(tmp_path, GOOD)


def test_yaml_of_every_kind_is_read_as_the_library_reads_it(tmp_path: Path) -> None:
    text = (
        "{a: 1, b: 1.5, c: yes, d: null, e: ~, f: , g: '1', h: 2026-01-02, i: 0x1F, j: 1e3, k: .inf,"
        ' l: [1, [two, {x: y}]], m: "\\u00e4", n: 1_000, o: !!str 5, p: !!float 5, 7: seven}'
    )
    document = parse(text)
    assert isinstance(document, Document)
    assert document.data == yaml.safe_load(text)
    assert list(document.data) == list(yaml.safe_load(text))


def test_large_but_allowed(tmp_path: Path) -> None:
    """Long enough for the nesting to be looked at before it is trusted."""
    args = "".join(f"  option-{number}: {number}\n" for number in range(1000))
    assert len(profile_file(tmp_path, swap("  dtype: float16\n", args)).engine_args) == 1000


def test_what_is_not_text_or_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes(GOOD.encode().replace(b"float16", b"\xc3\xa4\xff\xfe"))
    assert read(tmp_path / "p.yaml", ProfileFile) == Broken((Fault(12, 11, "not UTF-8 text"),))
    found = read(tmp_path / "missing.yaml", ProfileFile)
    assert found == Broken((Fault(None, None, "cannot be read: No such file or directory"),))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads what nobody may")
def test_unreadable_file(tmp_path: Path) -> None:
    path = write(tmp_path / "p.yaml", GOOD)
    path.chmod(0)
    assert read(path, ProfileFile) == Broken((Fault(None, None, "cannot be read: Permission denied"),))


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
    assert sizes == [1000, 1000, 1000]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "[hf://acme/model, /data]",
            "[]",
            "line 4, column 12: weights.sources: expected a list of length >= 1",
        ),
        (
            "/data",
            "s4://x/y",
            "line 3, column 1: weights: sources: 's4://x/y': the scheme s4:// is not known",
        ),
        (
            "bf16: 1000",
            "bf17: 1000",
            "line 5, column 16: unknown key weights.size_bytes.bf17; did you mean bf16?",
        ),
        ("vendor: v", "vender: v", "unknown key org.opencontainers.image.vender; did you mean vendor?"),
        ("publisher: p, ", "", "com.amd.aim.model.publisher is missing"),
    ],
)
def test_broken_aim_file(tmp_path: Path, old: str, new: str, expected: str) -> None:
    found = read(write(tmp_path / "metadata.yaml", AIM_FILE.replace(old, new)), AimFile)
    assert isinstance(found, Broken)
    assert expected in found.reason
