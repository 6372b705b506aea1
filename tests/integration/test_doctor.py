"""`doctor` as a user runs it: text, JSON, exit codes, and serve that ends before it fetches."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration.hub import NO_HUB
from integration.test_list_profiles import on_a_terminal, plain
from machines import mi300x_spx, write
from running import AIM, COHERE, FAKE_ENGINE, SMOLLM2, environment, free_port, run

Tree = Callable[[str], Path]


def findings(home: Path, **env: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = run("doctor", "--format", "json", env=environment(home, HF_ENDPOINT=NO_HUB, **env))
    return done.returncode, {each["code"]: each for each in json.loads(done.stdout)}


def test_on_a_machine_without_a_gpu_it_names_what_a_gpu_would_need(tree: Tree, tmp_path: Path) -> None:
    root = str(tree("no GPU"))
    code, found = findings(tmp_path, AIM_HOST_ROOT=root)
    assert code == 0
    missing = ("gpu.bus", "gpu.driver", "gpu.kfd")
    assert [found[name]["severity"] for name in missing] == ["note"] * 3
    code, found = findings(tmp_path, AIM_HOST_ROOT=root, AIM_ACCELERATOR_TYPE="gpu")
    assert code == 3
    assert [found[name]["severity"] for name in missing] == ["error"] * 3
    assert all(found[name]["fix"] for name in missing)


@pytest.mark.engine
def test_on_this_machine_too(tmp_path: Path) -> None:
    if Path("/dev/kfd").exists():
        pytest.skip("this machine has an AMD GPU")
    code, found = findings(tmp_path, AIM_ACCELERATOR_TYPE="gpu", AIM_PORT=str(free_port()))
    assert code == 3
    errors = {name for name, each in found.items() if each["severity"] == "error"}
    assert {"gpu.driver", "gpu.kfd", "engine.built_for_cpu"} <= errors


def test_text_says_what_why_and_how(tree: Tree, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("8 MI300X, two busy")), HF_ENDPOINT=NO_HUB)
    done = run("doctor", env=env)
    lines = done.stdout.splitlines()
    at = lines.index(
        "  ! GPU 0: 150.0 of 192.0 GiB used, 98 % busy, by python3 (pid 4242, 150.0 GiB)  [gpu.busy]"
    )
    assert lines[at + 1].strip().startswith("the engine takes most of a GPU's memory")
    assert lines[at + 2] == "      fix: kill 4242   # python3 (pid 4242, 150.0 GiB)"
    assert "\x1b" not in done.stdout
    assert "✓" not in done.stdout
    assert "✓" in run("doctor", "-v", env=env).stdout
    assert done.stderr.splitlines()[-1].endswith("as they should be")


def test_json_has_every_finding_with_the_same_keys(tree: Tree, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("8 MI300X SPX")), HF_ENDPOINT=NO_HUB, AIM_ID=COHERE)
    found = json.loads(run("doctor", "--format", "json", env=env).stdout)
    assert {tuple(each) for each in found} == {("code", "severity", "seen", "why", "fix")}
    assert {each["severity"] for each in found} <= {"error", "warning", "note", "ok"}
    assert any(each["severity"] == "ok" for each in found)


def test_a_terminal_has_colours_and_a_fix_is_never_broken(tree: Tree, tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("8 MI300X CPX/NPS4")), TERM="xterm-256color")
    shown = on_a_terminal([str(AIM), "doctor"], env, 60)
    assert "\x1b[33m" in shown
    assert "fix: sudo amd-smi set --gpu all --memory-partition NPS1" in plain(shown)


def test_a_bad_setting_is_one_error_and_no_examination(tmp_path: Path) -> None:
    done = run("doctor", env=environment(tmp_path, AIM_PORT="eighty"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "AIM_PORT=eighty" in done.stderr


def test_no_secret_is_shown(tree: Tree, tmp_path: Path) -> None:
    planted = {"HF_TOKEN": "hf_planted_0123456789", "AWS_SECRET_ACCESS_KEY": "planted/secret/0123456789"}
    env = environment(tmp_path, AIM_HOST_ROOT=str(tree("no GPU")), AIM_ID=SMOLLM2, HF_ENDPOINT=NO_HUB)
    for args in (["-v"], ["--format", "json"]):
        done = run("doctor", *args, env={**env, **planted})
        for secret in planted.values():
            assert secret not in done.stdout + done.stderr


def test_serve_ends_before_it_fetches_where_no_gpu_can_be_opened(tmp_path: Path) -> None:
    """Nothing is downloaded for a service that cannot start."""
    root = write(replace(mi300x_spx(), kfd_device=None), tmp_path / "root")
    env = environment(
        tmp_path,
        AIM_HOST_ROOT=str(root),
        AIM_ID=COHERE,
        HF_ENDPOINT=NO_HUB,
        HF_TOKEN="hf_x0123456789",
        PYTHONPATH=str(FAKE_ENGINE),
    )
    done = run("serve", env=env)
    assert done.returncode == 3, done.stderr
    assert "error: /dev/kfd is missing\n  fix: see how to open it with: aim-runtime doctor" in done.stderr
    assert [each.name for each in (tmp_path / "models").iterdir()] == [".aim"], (
        "the record of the run, no model"
    )
