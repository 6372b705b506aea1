"""Every rule of lint, provoked by one change to a profile that is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.authoring.engine_version import engine_version
from aim_runtime.authoring.lint import files_under, lint
from aim_runtime.errors import InvalidValue

GOOD = """\
aim_id: org/model
model_id: org/model
metadata:
  engine: vllm
  accelerator_type: gpu
  accelerator_model: MI300X
  accelerator_count: 2
  precision: fp8
  metric: latency
  type: optimized
engine_args:
  gpu-memory-utilization: 0.9
env_vars:
  VLLM_DO_NOT_TRACK: '1'
evidence:
  source: published
  release: AMD AIM 0.12
"""
NAME = "org/model/vllm-mi300x-fp8-tp2-latency.yaml"
LINE_OF_ARGUMENTS, LINE_OF_VARIABLES = 13, 15


def rules(
    root: Path, text: str = GOOD, name: str = NAME, version: str = "0.32.0"
) -> list[tuple[str, str, int, int]]:
    """What lint says of one file: rule, severity, line, column."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    found = list(lint([path], engine_version(version)))
    assert all(each.text and each.fix and each.path == path for each in found)
    return [(each.rule, str(each.severity), each.line, each.column) for each in found]


def with_argument(line: str) -> str:
    return GOOD.replace("env_vars:\n", f"  {line}\nenv_vars:\n")


def with_variable(line: str) -> str:
    return GOOD.replace("evidence:\n", f"  {line}\nevidence:\n")


def test_a_good_profile_has_no_finding(tmp_path: Path) -> None:
    assert rules(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        ("max-modell-len: 8192", "unknown-argument", "error"),
        ("swap-space: 64", "gone-argument", "error"),
        ("dtype: half16", "argument-value", "error"),
        ("max-num-seqs:", "argument-value", "error"),
        ("max-num-seqs: many", "argument-value", "error"),
        ("max-num-batched-tokens: 0", "argument-value", "error"),
        ("enable-prefix-caching: 'yes'", "argument-value", "error"),
        ("tool-call-parser: cohere", "argument-value", "error"),
        ("reasoning-parser: cohere", "argument-value", "error"),
        ("enable-auto-tool-choice:", "arguments-together", "error"),
        ("gpu_memory_utilization: 0.8", "given-twice", "warning"),
        ("served-model-name: [a]", "owned-argument", "warning"),
        ("port: 9000", "owned-argument", "warning"),
        ("model: org/model", "owned-argument", "warning"),
        ("tensor-parallel-size: 4", "tensor-parallel", "error"),
        ("api-key: [abc]", "secret", "error"),
        ("hf-token: abc", "secret", "error"),
    ],
)
def test_arguments(tmp_path: Path, line: str, rule: str, severity: str) -> None:
    assert rules(tmp_path, with_argument(line)) == [(rule, severity, LINE_OF_ARGUMENTS, 3)]


def test_the_count_as_tensor_parallel_size_is_no_finding(tmp_path: Path) -> None:
    assert rules(tmp_path, with_argument("tensor-parallel-size: 2")) == []


@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        *(
            (f"{name}: x", "secret", "error")
            for name in ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "VLLM_API_KEY")
        ),
        ("AWS_PROFILE: x", "secret", "error"),
        ("AIM_PORT: '1'", "owned-variable", "warning"),
        ("HIP_VISIBLE_DEVICES: '0'", "owned-variable", "warning"),
        ("HF_HUB_OFFLINE: '0'", "owned-variable", "warning"),
        ("VLLM_USE_V1: '0'", "gone-variable", "warning"),
        ("VLLM_DO_NOT_TRAC: '1'", "unknown-variable", "warning"),
    ],
)
def test_variables(tmp_path: Path, line: str, rule: str, severity: str) -> None:
    assert rules(tmp_path, with_variable(line)) == [(rule, severity, LINE_OF_VARIABLES, 3)]


@pytest.mark.parametrize(
    "line", ["NCCL_MIN_NCHANNELS: '112'", "AWS_REGION: x", "TOKENIZERS_PARALLELISM: 'no'"]
)
def test_other_variables_are_nobodys_business(tmp_path: Path, line: str) -> None:
    assert rules(tmp_path, with_variable(line)) == []


def test_a_secret_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.parent.mkdir(parents=True)
    path.write_text(with_variable("HF_TOKEN: hf_planted_secret").replace("0.9", "0.9\n  api-key: [planted]"))
    found = list(lint([path], engine_version("0.32.0")))
    assert len(found) == 2
    assert "planted" not in repr(found)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        (NAME.replace("mi300x", "mi325x"), ("", ""), [("file-name", "error", 6, 3)]),
        (NAME.replace("tp2", "tp4"), ("", ""), [("file-name", "error", 7, 3)]),
        (NAME.replace("fp8", "fp16"), ("", ""), [("file-name", "error", 8, 3)]),
        (NAME.replace("latency", "throughput"), ("", ""), [("file-name", "error", 9, 3)]),
        ("org/model/mine.yaml", ("", ""), [("file-name", "warning", 1, 1)]),
        (NAME.replace(".yaml", "-long.yaml"), ("", ""), []),
        (NAME.replace(".yaml", "-long.yaml"), ("fp8\n", "fp8\n  variant: long\n"), []),
        (NAME, ("fp8\n", "fp8\n  variant: long\n"), [("file-name", "error", 9, 3)]),
        (NAME.replace("fp8", "mxfp4"), ("precision: fp8", "precision: fp4"), []),
        (NAME.replace("mi300x", "mi30x"), ("MI300X", "MI30X"), [("accelerator", "warning", 6, 3)]),
        (NAME, ("type: gpu", "type: cpu"), [("accelerator", "error", 6, 3), ("file-name", "error", 7, 3)]),
        (NAME.replace("vllm", "vlm"), ("engine: vllm", "engine: vlm"), [("engine", "error", 4, 3)]),
        (NAME.replace("org/model", "org/other"), ("", ""), [("aim-id", "error", 1, 1)]),
        (NAME.replace("org/model", "any/folder"), ("", ""), [("aim-id", "warning", 1, 1)]),
        (NAME.replace("org/model", "custom/any/folder"), ("", ""), []),
        (NAME.replace("org/model", "general"), ("", ""), [("aim-id", "error", 1, 1)]),
    ],
)
def test_names_and_folders(
    tmp_path: Path, name: str, change: tuple[str, str], expected: list[tuple[str, str, int, int]]
) -> None:
    assert rules(tmp_path, GOOD.replace(*change) if change[0] else GOOD, name) == expected


@pytest.mark.parametrize("model", ["CPU", "EPYC_9965", "EPYC_ZEN5"])
def test_processors_count_their_cores_and_are_called_tp1(tmp_path: Path, model: str) -> None:
    text = GOOD.replace("gpu\n", "cpu\n").replace("MI300X", model).replace("count: 2", "count: 188")
    assert rules(tmp_path, text, f"org/model/vllm-{model.lower()}-fp8-tp1-latency.yaml") == []


def test_a_general_profile_in_the_folder_of_an_aim(tmp_path: Path) -> None:
    (tmp_path / "org/model").mkdir(parents=True)
    (tmp_path / "org/model/metadata.yaml").touch()
    text = GOOD.replace("aim_id: org/model\nmodel_id: org/model\n", "")
    assert rules(tmp_path, text) == [("aim-id", "error", 1, 1)]


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("clients_8_ttft_p90_s", False),
        ("clients_8_tokens_per_s", False),
        ("start_to_ready_s", False),
        ("clients_8_ttft_p90", True),
        ("clients_8_ttft_p90_ms", True),
        ("ttft_p90_s", True),
    ],
)
def test_a_figure_that_no_service_level_reads_is_a_warning(tmp_path: Path, name: str, warned: bool) -> None:
    evidence = (
        "evidence: {source: measured, engine: vLLM, machine: MI300X, date: '2026-11-25', figures: {%s: 1}}"
    )
    text = GOOD.partition("evidence:")[0] + evidence % name
    assert [rule for rule, *_ in rules(tmp_path, text)] == (["figures"] if warned else [])


def test_missing_evidence_is_a_warning(tmp_path: Path) -> None:
    assert rules(tmp_path, GOOD.partition("evidence:")[0]) == [("evidence", "warning", 1, 1)]


def test_old_spellings_are_found_at_their_place(tmp_path: Path) -> None:
    text = GOOD.replace("accelerator_model", "gpu").replace("accelerator_count", "gpu_count")
    found = [("old-spelling", "warning", 6, 3), ("old-spelling", "warning", 7, 3)]
    assert rules(tmp_path, text) == found


def test_every_fault_of_the_schema_has_its_place(tmp_path: Path) -> None:
    text = GOOD.replace("precision: fp8", "precision: fp9").replace("metric:", "metrik:")
    found = rules(tmp_path, text)
    assert [(rule, severity, line) for rule, severity, line, _ in found] == [
        ("schema", "error", 8),
        ("schema", "error", 9),
    ]


def test_a_version_whose_options_are_not_on_file_is_checked_by_what_changed(tmp_path: Path) -> None:
    assert rules(tmp_path, with_argument("swap-space: 64"), version="0.16.0") == []
    assert rules(tmp_path, with_argument("swap-space: 64"), version="0.18.1")[0][0] == "gone-argument"
    assert rules(tmp_path, with_argument("attention-backend: X"), version="0.11.0")[0][0] == "gone-argument"
    assert rules(tmp_path, with_argument("never-heard-of: 1"), version="0.16.0") == []
    assert (
        rules(tmp_path, with_argument("enable-log-outputs:"), version="0.16.0")[0][0] == "arguments-together"
    )


def test_the_metadata_of_an_aim(tmp_path: Path) -> None:
    text = """\
org: {opencontainers: {image: {vendor: v, licenses: MIT, description: d, source: s}}}
com:
  amd:
    aim:
      title: t
      model:
        canonicalName: org/model
        publisher: p
weights: {sources: ["hf://org/model"]}
"""
    assert rules(tmp_path, text, "org/model/metadata.yaml") == []
    assert rules(tmp_path, text, "org/other/metadata.yaml") == [("aim-id", "error", 7, 9)]
    broken = rules(tmp_path, text.replace("title", "titel"), "org/model/metadata.yaml")
    assert broken[0][:3] == ("schema", "error", 5)


def test_copies_of_a_config_map_are_left_out(tmp_path: Path) -> None:
    for name in ("a.yaml", "..data/a.yaml", "..2026_01/a.yaml", "b/c.yaml", "d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert files_under(tmp_path) == [tmp_path / "a.yaml", tmp_path / "b/c.yaml"]


def test_versions() -> None:
    assert engine_version("0.32").version == "0.32.0"
    assert engine_version("v0.32.0+rocm").listed
    assert not engine_version("0.11.1").listed
    with pytest.raises(InvalidValue, match="latest: not a version"):
        engine_version("latest")
