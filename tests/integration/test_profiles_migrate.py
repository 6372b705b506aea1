"""`aim-runtime profiles migrate`, as an author runs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from running import environment, run

OLD = """\
# Written for AIM 0.9.
metadata:
    engine: vllm
    gpu: MI300X   # one of eight
    gpu_count: 8
    precision: fp16
    metric: latency
    type: general
engine_args:
    swap-space: 64
    dtype: "auto"      # as the model
env_vars:
    VLLM_USE_V1: '0'
    NCCL_MIN_NCHANNELS: '112'
"""
NEW = """\
# Written for AIM 0.9.
metadata:
    engine: vllm
    accelerator_type: gpu
    accelerator_model: MI300X   # one of eight
    accelerator_count: 8
    precision: fp16
    metric: latency
    type: general
engine_args:
    dtype: "auto"      # as the model
env_vars:
    NCCL_MIN_NCHANNELS: '112'
"""
TO = ("--engine-version", "0.32.0")


def test_without_write_the_diff_and_the_reasons_are_printed_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(OLD)
    done = run("profiles", "migrate", str(path), *TO, env=environment(tmp_path))
    assert done.returncode == 0
    assert path.read_text() == OLD
    assert "-    swap-space: 64\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr.splitlines() == [
        str(path),
        "  metadata.gpu became accelerator_model: the first is AIM 0.9's name",
        "  metadata.gpu_count became accelerator_count: the first is AIM 0.9's name",
        "  metadata.accelerator_type: gpu added: AIM 0.9 had GPUs only",
        "  swap-space dropped: vLLM removed it in 0.18.0",
        "  VLLM_USE_V1 dropped: vLLM removed it in 0.11.1; there is one engine only",
        "vLLM 0.32.0: 1 of 1 to change; --write does it",
    ]


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
def test_the_diff_is_one_that_patch_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text(OLD)
    done = run("profiles", "migrate", "old.yaml", *TO, env=environment(tmp_path))
    subprocess.run(["patch", "-p0"], input=done.stdout, text=True, check=True, capture_output=True)
    assert Path("old.yaml").read_text() == NEW


def test_write_changes_the_file_once(tmp_path: Path) -> None:
    path, env = tmp_path / "old.yaml", environment(tmp_path)
    path.write_text(OLD)
    done = run("profiles", "migrate", str(path), *TO, "--write", env=env)
    assert (done.returncode, done.stdout) == (0, "")
    assert "swap-space dropped" in done.stderr
    assert path.read_text() == NEW
    written = path.stat()
    again = run("profiles", "migrate", str(path), *TO, "--write", env=env)
    assert again.returncode == 0
    assert again.stderr == "nothing to change for vLLM 0.32.0 (1 looked at)\n"
    assert path.stat().st_mtime_ns == written.st_mtime_ns


def test_a_folder_is_migrated_but_for_its_broken_files(tmp_path: Path) -> None:
    folder = tmp_path / "profiles"
    (folder / "org/model").mkdir(parents=True)
    (folder / "org/model/old.yaml").write_text(OLD)
    (folder / "org/model/metadata.yaml").write_text("no: profile\n")
    (folder / "broken.yaml").write_text("metadata:\n\tengine: vllm\n")
    done = run("profiles", "migrate", str(folder), *TO, "--write", env=environment(tmp_path))
    assert done.returncode == 4
    assert (folder / "org/model/old.yaml").read_text() == NEW
    assert f"{folder}/broken.yaml:2:1: a tab; YAML is indented with spaces" in done.stderr
    assert "vLLM 0.32.0: 1 of 2 changed, 1 refused" in done.stderr
    assert "metadata.yaml" not in done.stderr


def test_the_metadata_of_an_aim_is_no_profile(tmp_path: Path) -> None:
    path = tmp_path / "metadata.yaml"
    path.write_text("no: profile\n")
    done = run("profiles", "migrate", str(path), env=environment(tmp_path))
    assert done.returncode == 2
    assert "no profile here" in done.stderr
