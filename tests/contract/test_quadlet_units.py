"""`generate quadlet`: the units have only keys that podman has, and mean what the script says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from contract import units
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
from running import environment, run

NAME = "command-a-reasoning-08-2025"


def written(folder: Path, *args: str, **env: str) -> dict[str, units.Unit]:
    """The units of a folder by their file names."""
    generated(folder, "quadlet", "--output", str(folder / "units"), *args, **env)
    files = sorted((folder / "units").glob("*.*"))
    return {file.name: units.read(file.read_text()) for file in files}


def compiled(unit: units.Unit) -> Run:
    image = dict(unit["Container"])["Image"]
    return read_run(units.podman_run(unit), image)


def test_the_units_are_printed_one_after_the_other(tmp_path: Path) -> None:
    text = generated(tmp_path, "quadlet", **AMD)
    first, second = text.split(f"\n# {NAME}.volume\n")
    assert first.startswith(f"# {NAME}.container\n")
    assert units.read(first).keys() == {"Unit", "Container", "Service", "Install"}
    assert units.read(second) == {"Volume": [("VolumeName", f"{NAME}-models")]}


@pytest.mark.parametrize(
    "args", [("--render-gid", "109"), ("--rootless",), ("--cache", "/srv/my models", "--selinux")], ids=str
)
def test_podman_is_given_what_the_script_gives_it(args: tuple[str, ...], tmp_path: Path) -> None:
    found = written(tmp_path, *args, "--", *AWKWARD, **AMD)
    composed = compiled(found[f"{NAME}.container"])
    script = generated(tmp_path, "docker", "--engine", "podman", *args, "--", *AWKWARD, **AMD)
    env, record = containers_on_path(tmp_path)
    subprocess.run(["sh", "-c", script], env=env, check=True)
    direct = read_run(calls(record)[0][2:], composed.image)
    assert composed.arguments == direct.arguments == ["serve", "--", *AWKWARD]
    assert composed.environment == direct.environment
    own = {"--health-cmd", "--health-on-failure", "--volume", "--cap-drop"}
    without = {"--detach", "--restart", "--mount", "--health-cmd", "--volume", "--cap-drop"}
    assert {name: value for name, value in composed.flags.items() if name not in own} == {
        name: value for name, value in direct.flags.items() if name not in without
    }
    assert composed.flags["--cap-drop"] == ["all"]
    volumes = {f"{NAME}.volume": f"{NAME}-models"}
    mounts = {(volumes.get(source, source), target, only) for source, target, only in composed.mounts()}
    assert mounts == direct.mounts()
    assert (f"{NAME}.volume" in found) == (f"{NAME}-models" in {source for source, _, _ in mounts})


def test_systemd_gives_it_time_and_starts_it_again(tmp_path: Path) -> None:
    found = written(tmp_path, **AMD)[f"{NAME}.container"]
    service, container = dict(found["Service"]), dict(found["Container"])
    stop = int(compiled(found).flags["--stop-timeout"][0])
    assert int(service["TimeoutStopSec"]) > stop > int(compiled(found).environment["AIM_DRAIN_SECONDS"])
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2 3 4"
    assert container["HealthCmd"] == "aim-runtime healthcheck --live"
    assert container["HealthOnFailure"] == "kill"


def test_a_secret_is_one_of_podmans(tmp_path: Path) -> None:
    found = written(tmp_path, "--secret", "HF_TOKEN=my-token", **AMD)[f"{NAME}.container"]
    (secret,) = compiled(found).flags["--secret"]
    assert secret == "my-token,type=mount,target=HF_TOKEN,uid=1000,gid=0,mode=0400"
    assert compiled(found).environment["HF_TOKEN_FILE"] == "/run/secrets/HF_TOKEN"


def test_a_custom_profile_lies_beside_the_unit(tmp_path: Path) -> None:
    env = custom_profile(tmp_path / "profiles")
    (name,) = (each for each in written(tmp_path, **CPU, **env) if each.endswith(".container"))
    found = units.read((tmp_path / "units" / name).read_text())
    assert ("./profiles", "/workspace/aim-runtime/profiles/custom", True) in compiled(found).mounts()
    assert (tmp_path / "units/profiles" / f"{CUSTOM}.yaml").exists()


def test_gpus_of_nvidia(tmp_path: Path) -> None:
    found = written(tmp_path, **NVIDIA, **custom_profile(tmp_path / "profiles", NVIDIA_CUSTOM))
    flags = compiled(found["chat.container"]).flags
    assert flags["--device"] == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]
    assert "--group-add" not in flags


def test_a_file_for_a_secret_is_refused(tmp_path: Path) -> None:
    done = run("generate", "quadlet", "--secret", "HF_TOKEN=/etc/hf-token", env=environment(tmp_path, **AMD))
    assert done.returncode == 2
    assert "podman secret create hf-token /etc/hf-token" in done.stderr
