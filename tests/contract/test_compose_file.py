"""`generate compose`: two readers take it, and podman is given what the script gives it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

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

PODMAN_COMPOSE = Path(sys.executable).with_name("podman-compose")


def service(text: str) -> dict[str, Any]:
    """The one service of a file that a strict reader takes: it refuses unknown keys and wrong values."""
    PyCompose.from_yaml(text).validate()
    found: dict[str, Any] = yaml.safe_load(text)["services"]["aim"]
    return found


def up(folder: Path, file: Path) -> Run:
    """What `podman-compose up` has podman run, which is the stand-in."""
    env, record = containers_on_path(folder)
    command = [sys.executable, PODMAN_COMPOSE, "--file", file, "up", "--detach"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    image = yaml.safe_load(file.read_text())["services"]["aim"]["image"]
    (made,) = [
        call for call in calls(record) if call[1] in ("run", "create") or call[1:3] == ["container", "create"]
    ]
    return read_run(made[2:], image)


def test_the_reader_is_strict(tmp_path: Path) -> None:
    text = generated(tmp_path, "compose", "--secret", "HF_TOKEN=hf-token", **AMD)
    wrong = {"shm_size": "shm_sze", "retries: 3": "retries: x", "source: hf-token": "source: other"}
    for right, mistake in wrong.items():
        assert right in text
        with pytest.raises(ValueError, match=r"\S"):
            service(text.replace(right, mistake))


def test_an_amd_machine(tmp_path: Path) -> None:
    found = service(
        generated(tmp_path, "compose", "--render-gid", "109", "--secret", "HF_TOKEN=hf-token", **AMD)
    )
    assert found["devices"] == ["/dev/kfd:/dev/kfd", "/dev/dri:/dev/dri"]
    assert found["group_add"] == ["44", "109"]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["secrets"] == [{"source": "hf-token", "target": "HF_TOKEN"}]
    assert found["environment"]["HF_TOKEN_FILE"] == "/run/secrets/HF_TOKEN"
    assert found["healthcheck"]["test"] == ["CMD", "aim-runtime", "healthcheck"]
    assert "user" not in found, "the image has its own, with its groups"
    assert int(found["stop_grace_period"][:-1]) > int(found["environment"]["AIM_DRAIN_SECONDS"])


def test_gpus_of_nvidia(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    env = {**NVIDIA, **custom_profile(tmp_path / "profiles", NVIDIA_CUSTOM)}
    generated(tmp_path, "compose", "--output", str(folder), **env)
    found = service((folder / "compose.yaml").read_text())
    assert found["deploy"]["resources"]["reservations"]["devices"] == [
        {"driver": "nvidia", "count": 2, "capabilities": ["gpu"]}
    ]
    assert not {"devices", "group_add"} & found.keys()
    assert up(tmp_path, folder / "compose.yaml").flags["--device"] == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]


def test_a_custom_profile_is_mounted_from_beside_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    generated(tmp_path, "compose", "--output", str(folder), **CPU, **custom_profile(tmp_path / "profiles"))
    assert (folder / "profiles" / f"{CUSTOM}.yaml").exists()
    found = up(tmp_path, folder / "compose.yaml")
    at = "/workspace/aim-runtime/profiles/custom"
    assert (str((folder / "profiles").resolve()), at, True) in found.mounts()


SAME = {
    "amd": (AMD, ("--render-gid", "109", "--publish", "127.0.0.1:80")),
    "rootless": (CPU, ("--rootless", "--cache", "/", "--read-only-cache", "--selinux")),
}


@pytest.mark.parametrize("case", SAME)
def test_podman_is_given_what_the_script_gives_it(case: str, tmp_path: Path) -> None:
    env, args = SAME[case]
    secret = tmp_path / "hf-token"
    secret.write_text("no token")
    both = (*args, "--secret", f"HF_TOKEN={secret}")
    file = tmp_path / "compose.yaml"
    file.write_text(generated(tmp_path, "compose", *both, "--", *AWKWARD, **env))
    composed = up(tmp_path, file)
    script = generated(tmp_path, "docker", "--engine", "podman", *both, "--", *AWKWARD, **env)
    again = tmp_path / "script"
    again.mkdir()
    environ, record = containers_on_path(again)
    subprocess.run(["sh", "-c", script], env=environ, check=True)
    direct = read_run(calls(record)[0][2:], composed.image)
    assert "--pod" not in composed.flags
    assert composed.arguments == direct.arguments == ["serve", "--", *AWKWARD]
    assert composed.environment == direct.environment
    assert composed.mounts() == direct.mounts()
    for flag in ("--name", "--restart", "--publish", "--group-add", "--userns", "--shm-size", "--pids-limit"):
        assert composed.flags.get(flag) == direct.flags.get(flag), flag
    for flag in ("--tmpfs", "--cap-drop", "--read-only", "--health-interval", "--health-timeout"):
        assert composed.flags.get(flag) == direct.flags.get(flag), flag
    for flag in ("--health-retries", "--health-start-period"):
        assert composed.flags.get(flag) == direct.flags.get(flag), flag
    assert composed.flags.get("--device", []) == [
        f"{each}:{each}" for each in direct.flags.get("--device", [])
    ]
    assert {*composed.flags.get("--memory", []), *composed.flags.get("-m", [])} == {*direct.flags["--memory"]}
    assert "aim-runtime" in composed.flags["--health-cmd"][0]


def test_podman_compose_shows_it(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(generated(tmp_path, "compose", **CPU))
    env, _ = containers_on_path(tmp_path)
    command = [sys.executable, PODMAN_COMPOSE, "--file", file, "config"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert yaml.safe_load(done.stdout)["services"]["aim"]["environment"]["AIM_PORT"] == "8000"
