"""`generate docker`: the script is right for its shell, and gives docker the words that were meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.version import __version__
from contract.containers import (
    AMD,
    AWKWARD,
    CPU,
    CUSTOM,
    NVIDIA,
    NVIDIA_CUSTOM,
    Run,
    calls,
    containers_on_path,
    custom_profile,
    generated,
    read_run,
)

SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def ran(folder: Path, script: str, image: str, engine: str = "docker") -> Run:
    """Run the script where docker and podman are the stand-in."""
    env, record = containers_on_path(folder)
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (call,) = calls(record)
    assert call[:2] == [engine, "run"]
    return read_run(call[2:], image)


CASES = [("--cache", "/srv/it's"), ("--engine", "podman", "--rootless", "--selinux")]


@pytest.mark.parametrize("args", CASES, ids=["docker", "podman"])
def test_the_script_is_clean(args: tuple[str, ...], tmp_path: Path) -> None:
    script = generated(tmp_path, "docker", *args, "--secret", "HF_TOKEN=/etc/aim/a b", "--", *AWKWARD, **AMD)
    for command in (["bash", "-n"], ["sh", "-n"], [SHELLCHECK, "--severity=style", "-"]):
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_an_amd_machine(tmp_path: Path) -> None:
    script = generated(
        tmp_path,
        *("docker", "--render-gid", "109", "--publish", "127.0.0.1:80", "--secret", "HF_TOKEN=/etc/aim/a b"),
        *("--", *AWKWARD),
        **AMD,
    )
    found = ran(tmp_path, script, f"aim-coherelabs-command-a-reasoning-08-2025:{__version__}")
    assert found.arguments == ["serve", "--", *AWKWARD]
    flags = found.flags
    assert flags["--device"] == ["/dev/kfd", "/dev/dri"]
    assert flags["--group-add"] == ["44", "109"]
    assert flags["--publish"] == ["127.0.0.1:80:8000", "127.0.0.1:8001:8001"]
    assert flags["--cap-drop"] == ["ALL"]
    assert flags["--security-opt"] == ["no-new-privileges"]
    assert flags["--read-only"] == [""]
    assert flags["--shm-size"] == ["32g"]
    (tmpfs,) = flags["--tmpfs"]
    assert tmpfs.startswith("/tmp:")
    assert "exec" in tmpfs.split(":")[1].split(",")
    assert found.mounts() == {
        ("command-a-reasoning-08-2025-models", "/workspace/model-cache", False),
        ("/etc/aim/a b", "/run/secrets/HF_TOKEN", True),
    }
    env = found.environment
    assert env["HF_TOKEN_FILE"] == "/run/secrets/HF_TOKEN"
    assert (env["AIM_PORT"], env["AIM_MANAGEMENT_PORT"], env["AIM_MANAGEMENT_HOST"]) == (
        *("8000", "8001"),
        "0.0.0.0",
    )
    assert int(flags["--stop-timeout"][0]) > float(env["AIM_DRAIN_SECONDS"])
    assert "--privileged" not in flags


def test_a_machine_without_accelerators(tmp_path: Path) -> None:
    script = generated(tmp_path, "docker", "--cache", "/srv/models", "--read-only-cache", **CPU)
    found = ran(tmp_path, script, f"aim-cpu:{__version__}")
    assert not {"--device", "--group-add", "--gpus"} & found.flags.keys()
    assert found.mounts() == {("/srv/models", "/workspace/model-cache", True)}
    assert found.environment["AIM_RECORD_PATH"] == ""


def test_without_root(tmp_path: Path) -> None:
    script = generated(
        tmp_path, "docker", "--engine", "podman", "--rootless", "--selinux", "--cache", "/srv/m", **AMD
    )
    found = ran(tmp_path, script, f"aim-coherelabs-command-a-reasoning-08-2025:{__version__}", "podman")
    assert found.flags["--group-add"] == ["keep-groups"]
    assert found.flags["--userns"] == ["keep-id:uid=1000"]
    assert found.flags["--volume"] == ["/srv/m:/workspace/model-cache:z"]


def test_a_script_may_be_started_in_any_folder(tmp_path: Path) -> None:
    """Its custom profile is found beside it."""
    env = {**CPU, **custom_profile(tmp_path / "profiles")}
    folder = tmp_path / "it's here"
    paths = generated(tmp_path, "docker", "--output", str(folder), **env).splitlines()
    copied = folder / "profiles" / f"{CUSTOM}.yaml"
    assert paths == [str(folder / "serve.sh"), str(copied)]
    assert copied.read_text() == (tmp_path / "profiles/custom" / f"{CUSTOM}.yaml").read_text()
    environ, record = containers_on_path(tmp_path)
    subprocess.run([folder / "serve.sh"], env=environ, cwd="/", check=True)
    found = read_run(calls(record)[0][2:], f"aim-cpu:{__version__}")
    at = "/workspace/aim-runtime/profiles/custom"
    assert (str(folder / "profiles"), at, True) in found.mounts()
    assert found.environment["AIM_PROFILE_ID"] == f"custom/{CUSTOM}"


@pytest.mark.parametrize(
    ("engine", "flag", "values"),
    [("docker", "--gpus", ["2"]), ("podman", "--device", ["nvidia.com/gpu=0", "nvidia.com/gpu=1"])],
)
def test_gpus_of_nvidia(engine: str, flag: str, values: list[str], tmp_path: Path) -> None:
    env = {**NVIDIA, **custom_profile(tmp_path / "profiles", NVIDIA_CUSTOM)}
    folder = tmp_path / "out"
    generated(tmp_path, "docker", "--engine", engine, "--output", str(folder), **env)
    found = ran(tmp_path, (folder / "serve.sh").read_text(), f"aim-base:{__version__}", engine)
    assert found.flags[flag] == values
    assert "--group-add" not in found.flags
