"""`aim-runtime generate labels` as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aim_runtime.profiles.catalog import shipped_root
from aim_runtime.version import __version__
from running import COHERE, environment, run

COMMAND = ("generate", "labels")


def test_the_labels_of_an_aim(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE)
    said = (
        "--revision",
        "abc",
        "--created",
        "1750000000",
        "--version",
        "1.2.3-rc1",
        "--source",
        "https://x.test",
    )
    done = run(*COMMAND, *said, "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    image = "org.opencontainers.image"
    assert found[f"{image}.title"] == found["com.amd.aim.model.canonicalName"] == COHERE
    assert found["com.amd.aim.hfToken.required"] == "true"
    assert [found[f"{image}.{name}"] for name in ("revision", "created", "version", "source")] == [
        *("abc", "2025-06-15T15:06:40Z", "1.2.3-rc1", "https://x.test")
    ]
    lines = run(*COMMAND, "--aim-id", COHERE, env=environment(tmp_path)).stdout.splitlines()
    assert f"{image}.version={__version__}" in lines
    assert {line.partition("=")[0] for line in lines} == {*found} - {f"{image}.revision", f"{image}.created"}


def test_the_labels_of_an_image_for_any_model(tmp_path: Path) -> None:
    for option, title in (("--base", "aim-base"), ("--cpu", "aim-cpu")):
        done = run(*COMMAND, option, "--format", "dockerfile", env=environment(tmp_path))
        assert done.stdout.startswith("LABEL com.amd.aim.title="), done.stderr
        assert f'org.opencontainers.image.title="{title}"' in done.stdout


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "no AIM was named"),
        (("--aim-id", "Qwen/Qwen3-3B"), "did you mean Qwen/Qwen3-32B?"),
        (("--aim-id", COHERE, "--base"), "give one of them"),
        (("--base", "--cpu"), "give one of them"),
        (("--base", "--version", "0.11"), "--version '0.11' is not a whole semantic version"),
        (("--base", "--created", "2026-11-25T20:00:00"), "is not a time: no time zone"),
        (("--base", "--created", "yesterday"), "'yesterday' is not a time"),
    ],
    ids=["none", "unknown", "two", "both", "version", "zone", "time"],
)
def test_wrong_usage(args: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = run(*COMMAND, *args, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "fix:" in done.stderr


@pytest.mark.parametrize(
    ("written", "instead", "words"),
    [
        (
            "description: Optimized for latency on MI250X",
            "description: Cohere's on MI250X",
            "recommendedDeployments[0] of metadata.yaml: description has an apostrophe",
        ),
        ("profileId: vllm-mi250x-fp16-tp8-latency", "profileId: vllm-mi250x-fp16-tp8-x", "is of no profile"),
        ("gpuCount: 8", "gpuCount: many", "gpuCount: 'many': expected a whole number"),
    ],
    ids=["apostrophe", "no-profile", "no-number"],
)
def test_metadata_of_which_no_label_can_be_made(
    written: str, instead: str, words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "catalog" / COHERE
    shutil.copytree(shipped_root() / COHERE, folder)
    aim = folder / "metadata.yaml"
    text = aim.read_text()
    assert written in text
    aim.write_text(text.replace(written, instead))
    env = environment(tmp_path, AIM_PROFILES_PATH=str(tmp_path / "catalog"))
    done = run(*COMMAND, "--aim-id", COHERE, env=env)
    assert (done.returncode, done.stdout) == (8, "")
    assert "metadata.yaml" in done.stderr
    assert words in done.stderr


def test_an_image_of_broken_files_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "catalog" / "acme" / "chat"
    folder.mkdir(parents=True)
    (folder / "vllm-mi300x-fp8-tp1-latency.yaml").write_text("metadata: {}\n")
    env = environment(tmp_path, AIM_PROFILES_PATH=str(tmp_path / "catalog"))
    done = run(*COMMAND, "--aim-id", "acme/chat", env=env)
    assert done.returncode == 8
    assert "vllm-mi300x-fp8-tp1-latency.yaml" in done.stderr
