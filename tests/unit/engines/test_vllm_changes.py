"""What vLLM's versions changed: the table against the committed lists, and the edits that follow from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines import vllm_changes
from aim_runtime.engines.options import Options
from aim_runtime.engines.vllm import TARGET_VERSION
from aim_runtime.engines.vllm_changes import ARGUMENTS, ENVIRONMENT, Change, Edit, change_of, edits

LIST = Path(vllm_changes.__file__).parent / "vllm_args" / f"{TARGET_VERSION}.json"
TARGET = Options.load(LIST)
VERSIONS = (
    "0.10.1.1",
    "0.11.0",
    "0.11.1",
    "0.12.0",
    "0.13.0",
    "0.16.0",
    "0.17.0",
    "0.18.0",
    "0.22.0",
    "0.32.0",
)
# Written into evidence as the file's words.
SWAP = "swap-space dropped: vLLM removed it in 0.18.0"


def after(
    engine_args: dict[str, Any], version: str = TARGET_VERSION, env_vars: dict[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    found = edits(engine_args, env_vars or {}, version)
    return vllm_changes.apply(found, engine_args, env_vars or {})


def whys(engine_args: dict[str, Any], version: str = TARGET_VERSION) -> list[str]:
    return [edit.why for edit in edits(engine_args, {}, version)]


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def holds_in_target(change: Change) -> bool:
    return numbers(change.version) <= numbers(TARGET_VERSION)


@pytest.mark.parametrize("change", [*ARGUMENTS, *ENVIRONMENT], ids=lambda each: f"{each.key}-{each.kind}")
def test_a_row_agrees_with_the_list_of_the_target_version(change: Change) -> None:
    known = TARGET.env_vars if change in ENVIRONMENT else TARGET.table
    assert (change.key in known) is ((change.kind == "added") is holds_in_target(change))
    if change.kind == "renamed" and change.to:
        assert change.to in (TARGET.env_vars if change.to.isupper() else TARGET.table)
    else:
        assert change.to is None


@pytest.mark.parametrize("change", [*ARGUMENTS, *ENVIRONMENT], ids=lambda each: f"{each.key}-{each.kind}")
def test_a_row_is_written_as_its_table_asks(change: Change) -> None:
    assert change.key == (
        change.key.upper() if change in ENVIRONMENT else change.key.replace("_", "-").lower()
    )
    assert len(numbers(change.version)) == 3
    assert not change.advice.endswith(".")
    if change.by:
        assert "by" in change.reason or change.kind != "removed"


def test_each_key_is_told_once_for_a_version() -> None:
    for changes in (ARGUMENTS, ENVIRONMENT):
        pairs = [(change.key, change.kind == "added") for change in changes]
        assert len(pairs) == len(set(pairs))


def test_swap_space_is_dropped_with_the_sentence_of_the_evidence() -> None:
    assert edits({"swap-space": 64}, {}, "0.32.0") == (Edit("engine_args", "swap-space", None, None, SWAP),)
    assert edits({"swap_space": 64}, {}, "0.32.0") == (Edit("engine_args", "swap_space", None, None, SWAP),)


@pytest.mark.parametrize(
    ("version", "stays"),
    [
        *[("0.9.2", True), ("0.11.1", True), ("0.17.0", True), ("0.17.9.post1", True), ("0.18", False)],
        *[("0.18.0", False), ("0.18.0rc1", False), ("0.18.0+cpu", False), ("0.20.2", False), ("1.0", False)],
        *[("v0.32.0", False), ("unknown", True), ("", True)],
    ],
)
def test_versions_are_ordered_by_number(version: str, stays: bool) -> None:
    assert (not edits({"swap-space": 64}, {}, version)) is stays
    assert (change_of("swap-space", version) is None) is stays


def test_a_change_known_only_to_lie_between_two_versions_says_by() -> None:
    assert whys({"num-lookahead-slots": 1}) == ["num-lookahead-slots dropped: gone by vLLM 0.12.0"]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"cuda-graph-sizes": [1, 2]}, {"cudagraph-capture-sizes": [1, 2]}),
        ({"cuda_graph_sizes": [1], "cudagraph_capture_sizes": [2]}, {"cudagraph_capture_sizes": [2]}),
        ({"guided-decoding-backend": "xgrammar"}, {"structured-outputs-config": {"backend": "xgrammar"}}),
        (
            {"guided-decoding-backend": "guidance", "guided-decoding-disable-any-whitespace": None},
            {"structured-outputs-config": {"backend": "guidance", "disable_any_whitespace": True}},
        ),
        (
            {"guided-decoding-backend": "guidance", "structured_outputs_config": '{"backend": "outlines"}'},
            {"structured_outputs_config": '{"backend": "outlines"}'},
        ),
        ({"rope-theta": 5e5, "hf-overrides": {"a": 1}}, {"hf-overrides": {"rope_theta": 5e5, "a": 1}}),
        ({"rope-theta": 5e5, "hf-overrides": '{"a": 1}'}, {"hf-overrides": {"rope_theta": 5e5, "a": 1}}),
        ({"rope-theta": 5e5, "hf-overrides": "broken"}, {"hf-overrides": "broken"}),
        (
            {"rope-scaling": '{"rope_type": "yarn"}'},
            {"hf-overrides": {"rope_scaling": {"rope_type": "yarn"}}},
        ),
        ({"rope-scaling": "yarn"}, {}),
        ({"disable-log-requests": None, "seed": 0}, {"seed": 0}),
        ({"no-disable-log-requests": None}, {}),
        ({"task": "generate"}, {"runner": "generate"}),
        ({"task": "embed", "seed": 0}, {"runner": "pooling", "seed": 0, "convert": "embed"}),
        ({"task": "reward"}, {}),
        ({"disable-mm-preprocessor-cache": True}, {"mm-processor-cache-gb": 0}),
        ({"disable-mm-preprocessor-cache": False}, {}),
        ({"no-enable-multimodal-encoder-data-parallel": None}, {}),
        ({"enable-multimodal-encoder-data-parallel": None}, {"mm-encoder-tp-mode": "data"}),
        (
            {"num-redundant-experts": 32, "eplb-window-size": 10, "eplb-log-balancedness": False},
            {"eplb-config": {"num_redundant_experts": 32, "window_size": 10}},
        ),
        ({"max-seq-len-to-capture": 1, "dtype": "auto", "swap-space": 4}, {"dtype": "auto"}),
    ],
)
def test_what_is_said_is_said_in_the_new_words(before: dict[str, Any], expected: dict[str, Any]) -> None:
    engine_args, _ = after(before)
    assert {key: value for key, value in engine_args.items()} == expected
    assert edits(engine_args, {}, TARGET_VERSION) == ()
    normal = dict(TARGET.normal(key, value) for key, value in engine_args.items())
    assert list(TARGET.problems(normal)) == []


def test_a_renamed_argument_keeps_its_place() -> None:
    engine_args, _ = after({"dtype": "auto", "cuda-graph-sizes": [1], "seed": 0})
    assert list(engine_args) == ["dtype", "cudagraph-capture-sizes", "seed"]


def test_the_sentences_say_what_became_of_it() -> None:
    assert whys({"cuda-graph-sizes": [1]}) == [
        "cuda-graph-sizes became cudagraph-capture-sizes: vLLM renamed it in 0.13.0"
    ]
    assert whys({"task": "reward"}) == [
        "task dropped: vLLM renamed it in 0.13.0; say the same with runner",
    ]
    assert whys({"task": "embed"}) == ["task became runner and convert: vLLM renamed it in 0.13.0"] * 2
    assert whys({"disable-mm-preprocessor-cache": False}) == [
        "disable-mm-preprocessor-cache dropped: vLLM renamed it in 0.13.0; the default means the same"
    ]
    assert whys({"cuda-graph-sizes": [1], "cudagraph-capture-sizes": [1]}) == [
        "cuda-graph-sizes dropped: vLLM renamed it in 0.13.0; cudagraph-capture-sizes is given"
    ]
    assert whys({"performance-mode": "throughput"}, "0.16.0") == [
        "performance-mode dropped: vLLM has it only from 0.17.0; "
        "set max-num-seqs and max-num-batched-tokens instead"
    ]


def test_what_a_newer_version_added_is_dropped_for_an_older_one() -> None:
    assert after({"attention-backend": "TRITON_ATTN"}, "0.12.0") == ({}, {})
    assert after({"attention-backend": "TRITON_ATTN"}, "0.13.0") == ({"attention-backend": "TRITON_ATTN"}, {})
    assert after({"structured-outputs-config.backend": "auto"}, "0.10.1.1") == ({}, {})


def test_a_variable_becomes_an_argument() -> None:
    backend = {"VLLM_ATTENTION_BACKEND": "TRITON_ATTN"}
    assert after({}, "0.12.0", backend) == ({}, backend)
    assert after({"dtype": "auto"}, "0.13.0", backend) == (
        {"dtype": "auto", "attention-backend": "TRITON_ATTN"},
        {},
    )
    assert after({"attention_backend": "ROCM_ATTN"}, "0.32.0", backend) == (
        {"attention_backend": "ROCM_ATTN"},
        {},
    )


def test_variables_of_amds_fork_get_vllms_name() -> None:
    fork = {"VLLM_USE_AITER_TRITON_ROPE": "1", "VLLM_USE_V1": "0", "GPU_ARCHS": "gfx942"}
    assert after({}, "0.32.0", fork) == ({}, {"VLLM_ROCM_USE_AITER_TRITON_ROPE": "1", "GPU_ARCHS": "gfx942"})
    both = {"VLLM_USE_AITER_TRITON_ROPE": "1", "VLLM_ROCM_USE_AITER_TRITON_ROPE": "0"}
    assert after({}, "0.32.0", both) == ({}, {"VLLM_ROCM_USE_AITER_TRITON_ROPE": "0"})
    assert after({}, "0.11.0", {"VLLM_ROCM_USE_TRITON_ROPE": "1"})[1] == {"VLLM_ROCM_USE_TRITON_ROPE": "1"}


@pytest.mark.parametrize("version", VERSIONS)
def test_tools_without_a_parser_are_refused_by_every_version(version: str) -> None:
    assert after({"enable_auto_tool_choice": None, "dtype": "auto"}, version) == ({"dtype": "auto"}, {})
    with_parser = {"enable-auto-tool-choice": None, "tool_call_parser": "hermes"}
    assert after(with_parser, version) == (with_parser, {})


@pytest.mark.parametrize("version", VERSIONS)
def test_an_edited_profile_needs_no_more_edits(version: str) -> None:
    engine_args: dict[str, Any] = {change.key: "1" for change in ARGUMENTS}
    env_vars = {change.key: "1" for change in ENVIRONMENT}
    found = edits(engine_args, env_vars, version)
    assert found
    assert edits(*vllm_changes.apply(found, engine_args, env_vars), version) == ()


def test_what_is_given_is_left_as_it_was() -> None:
    engine_args = {"swap-space": 4, "guided-decoding-backend": "auto", "structured-outputs-config": {"a": 1}}
    env_vars = {"VLLM_ATTENTION_BACKEND": "X"}
    after(engine_args, env_vars=env_vars)
    assert engine_args == {
        "swap-space": 4,
        "guided-decoding-backend": "auto",
        "structured-outputs-config": {"a": 1},
    }
    assert env_vars == {"VLLM_ATTENTION_BACKEND": "X"}


@pytest.mark.parametrize(
    ("key", "version", "kind"),
    [
        *[("swap_space", "0.32.0", "removed"), ("swap-space", "0.11.1", None)],
        *[("cuda-graph-sizes", "0.32.0", "renamed"), ("attention-backend", "0.11.1", "added")],
        *[("attention-backend", "0.32.0", None), ("no-task", "0.32.0", "renamed")],
        *[("VLLM_USE_V1", "0.32.0", "removed"), ("VLLM_USE_V1", "0.11.0", None)],
        *[("VLLM_ROCM_USE_AITER_TRITON_ROPE", "0.11.0", "added"), ("swap", "0.32.0", None)],
    ],
)
def test_why_a_version_lacks_a_key(key: str, version: str, kind: str | None) -> None:
    change = change_of(key, version)
    assert (change.kind if change else None) == kind
