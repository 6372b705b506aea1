"""`generate kserve` and `generate aim-engine`, as a user runs them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from running import COHERE, environment, run

MI300X = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
KINDS: Mapping[tuple[str, ...], list[str]] = {
    ("kserve",): ["PersistentVolumeClaim", "InferenceService"],
    ("kserve", "--claim", "weights"): ["InferenceService"],
    ("kserve", "--runtime", "--no-cache"): ["ServingRuntime", "InferenceService"],
    ("kserve", "--runtime", "--cluster-runtime", "--autoscaler", "keda"): [
        *("PersistentVolumeClaim", "ClusterServingRuntime", "InferenceService"),
    ],
    ("aim-engine",): ["AIMModel", "AIMServiceTemplate", "AIMService"],
    ("aim-engine", "--api", "v1alpha2"): ["AIMService"],
}


@pytest.mark.parametrize("args", KINDS, ids=" ".join)
def test_one_command_writes_all_objects_and_how_to_make_them_again(
    args: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("generate", *args, "-n", "llm", env=environment(tmp_path, **MI300X))
    assert done.returncode == 0, done.stderr
    objects: list[dict[str, Any]] = list(yaml.safe_load_all(done.stdout))
    assert [each["kind"] for each in objects] == KINDS[args]
    comments = [line for line in done.stdout.splitlines() if line.startswith("#")]
    [made_by] = [line.split() for line in comments if "Made by:" in line]
    assert {f"AIM_ID={COHERE}", "generate", *args, "--namespace", "llm"} <= {*made_by}
    assert any("create secret generic hf-token" in line for line in comments)
    assert any("kubectl -n llm apply -f" in line for line in comments)


# A command, and a piece of the message and of what to do.
CONTRADICTIONS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("kserve", "--cluster-runtime"), "--cluster-runtime without --runtime", "add --runtime"),
    (("kserve", "--max-replicas", "3"), "--max-replicas without --autoscaler", "add --autoscaler keda"),
    (("kserve", "--prometheus", "http://p:9090"), "--prometheus without", "leave --prometheus out"),
    (("kserve", "--autoscaler", "keda", "--replicas", "0"), "--replicas 0", "--replicas 1"),
    (("kserve", "--claim", "c", "--storage-class", "s"), "--claim with --storage-class", "leave --claim or"),
    (
        ("kserve", "-n", "n" * 40),
        f"command-a-reasoning-08-2025-predictor-{'n' * 40}",
        "at most 12 characters",
    ),
    (("aim-engine", "-n", "n" * 43), "is too long for a service named", "at most 42 characters"),
    (("aim-engine", "--", "--max-model-len", "4096"), "passes no arguments", "say them in AIM_ENGINE_ARGS"),
    (
        ("aim-engine", "--api", "v1alpha2", "--gpu-resource", "amd.com/cpx_nps4"),
        "no name for what the GPUs are called",
        "use --api v1alpha1",
    ),
)


@pytest.mark.parametrize(
    ("args", "message", "hint"), CONTRADICTIONS, ids=[" ".join(args) for args, _, _ in CONTRADICTIONS]
)
def test_what_contradicts_is_refused_with_what_to_do(
    args: tuple[str, ...], message: str, hint: str, tmp_path: Path
) -> None:
    done = run("generate", *args, env=environment(tmp_path, **MI300X))
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert message in done.stderr
    assert hint in done.stderr.partition("fix:")[2]


@pytest.mark.parametrize(("verb", "option"), [("kserve", "--rutime"), ("aim-engine", "--node-label")])
def test_an_option_that_is_not_there_is_refused_and_help_has_examples(
    verb: str, option: str, tmp_path: Path
) -> None:
    refused = run("generate", verb, option, "x", env=environment(tmp_path, **MI300X))
    assert refused.returncode == 2
    assert option in refused.stderr
    helped = run("generate", verb, "--help", env=environment(tmp_path))
    assert "Examples:" in helped.stdout
    assert f"aim-runtime generate {verb}" in helped.stdout
