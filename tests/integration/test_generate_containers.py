"""What docker, Compose and quadlets cannot be told: each contradiction is refused, with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from running import COHERE, SMOLLM2, environment, run
from tiny_model import write_tiny_model

AMD = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}
CPU = {"AIM_ID": SMOLLM2, "AIM_ACCELERATOR_TYPE": "cpu"}

REFUSED = [
    (("docker", "--rootless"), AMD, "--rootless is podman's", "--engine podman"),
    (
        ("compose", "--rootless", "--render-gid", "109"),
        *(AMD, "no group of the machine has its number", "leave --render-gid out"),
    ),
    (("compose", "--render-gid", "109"), CPU, "needs no AMD GPU", "AIM_ACCELERATOR_MODEL"),
    (("compose", "--read-only-cache"), CPU, "no weights are in a volume that is new", "--cache"),
    (("compose", "--publish", "8001"), CPU, "both published at 8001", "AIM_MANAGEMENT_PORT"),
    (("compose", "--publish", "1.2.3.4:70000"), CPU, "neither a port nor ADDRESS:PORT", "127.0.0.1:8000"),
    (("compose", "--cache", "-x"), CPU, "is no name of a volume", "a folder has a /"),
    (("compose", "--cache", "/a:b"), CPU, "no engine of containers mounts", "another name"),
    (("compose", "--image", "a b"), CPU, "is not an image", "[REGISTRY/]NAME"),
    (("compose", "--name", "A_b"), CPU, "is not a name", "lower-case letters"),
    (("compose", "--secret", "HF_TOKN=x"), CPU, "did you mean HF_TOKEN?", "one of HF_TOKEN"),
    (("compose", "--secret", "HF_TOKEN"), CPU, "does not say what gives it", "as HF_TOKEN"),
    (("compose", "--secret", "HF_TOKEN=a", "--secret", "HF_TOKEN=b"), CPU, "given twice", "leave one"),
    (("docker", "--secret", "HF_TOKEN=a"), CPU, "is sought in the folder", "whole path"),
    (("docker", "--cache", "./models"), CPU, "is sought in the folder", "whole path"),
    (("quadlet", "--cache", "./models"), CPU, "is sought in another folder", "whole path"),
    (("compose",), {**CPU, "VLLM_API_KEY": "opens-it-all"}, "open to anybody", "--secret VLLM_API_KEY="),
    (("compose",), {**CPU, "AIM_ADAPTER_SOURCE": "adapters"}, "in a folder of its own", "whole path"),
    (("compose",), {**CPU, "AIM_ADAPTER_SOURCE": "/a:b"}, "no engine of containers", "another name"),
    (("docker", "--engine", "nerdctl"), CPU, "is not one of", "--help"),
]


@pytest.mark.parametrize(("args", "env", "what", "how"), REFUSED, ids=[" ".join(case[0]) for case in REFUSED])
def test_a_contradiction_is_refused(
    args: tuple[str, ...], env: dict[str, str], what: str, how: str, tmp_path: Path
) -> None:
    done = run("generate", *args, env=environment(tmp_path, **env, AIM_MANAGEMENT_PORT="8001"))
    assert (done.returncode, done.stdout) == (2, "")
    message, hint = done.stderr.split("  fix: ")
    assert what in message
    assert how in hint


def test_a_custom_profile_needs_a_folder(tmp_path: Path) -> None:
    name = "vllm-cpu-bf16-tp1-latency.yaml"
    profile = tmp_path / "profiles/custom/general" / name
    profile.parent.mkdir(parents=True)
    profile.write_text((Path(__file__).parents[2] / "catalog/general" / name).read_text())
    wanted = {
        "AIM_PROFILES_PATH": str(tmp_path / "profiles"),
        "AIM_PROFILE_ID": f"custom/general/{profile.stem}",
    }
    done = run("generate", "compose", env=environment(tmp_path, **CPU, **wanted))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--output FOLDER" in done.stderr


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = run("generate", "compose", "--output", str(tmp_path / "taken"), env=environment(tmp_path, **CPU))
    assert done.returncode == 2
    assert f"{tmp_path}/taken/compose.yaml cannot be written" in done.stderr


def test_the_groups_are_those_of_the_gpus_here(tmp_path: Path) -> None:
    """The files of devices, below a root of their own: one group each."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another group")
    for name, group in (("dev/kfd", 1234), ("dev/dri/renderD128", 1234), ("dev/dri/renderD129", 4321)):
        file = tmp_path / "root" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.chown(file, -1, group)
    env = environment(tmp_path, **AMD, AIM_HOST_ROOT=str(tmp_path / "root"))
    done = run("generate", "docker", env=env)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if "--group-add" in line] == [
        *("  --group-add=44 \\", "  --group-add=1234 \\"),
        "  --group-add=4321 \\",
    ]


def test_without_a_management_port_nothing_is_published_for_it(tmp_path: Path) -> None:
    done = run("generate", "docker", env=environment(tmp_path, **CPU))
    assert [line for line in done.stdout.splitlines() if "--publish" in line] == ["  --publish=8000:8000 \\"]
    assert "AIM_MANAGEMENT_HOST" not in done.stdout


def test_the_file_says_how_it_was_made(tmp_path: Path) -> None:
    env = environment(tmp_path, **CPU)
    for platform in ("docker", "compose", "quadlet"):
        assert "Examples:" in run("generate", platform, "--help", env=env).stdout
    text = run("generate", "compose", "--publish", "80", env=env).stdout
    made_by = (
        f"Made by: AIM_ACCELERATOR_TYPE=cpu AIM_ID={SMOLLM2} AIM_MANAGEMENT_PORT='' aim-runtime generate"
    )
    assert f"# {made_by} compose --publish 80\n" in text


def test_what_the_plan_names_here_is_there_inside(tmp_path: Path) -> None:
    """A folder of weights, and one of adapters, by the same paths; neither is written."""
    model, adapters = tmp_path / "m", tmp_path / "a"
    write_tiny_model(model)
    adapters.mkdir()
    env = environment(
        tmp_path,
        AIM_MODEL_ID=f"file://{model}",
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_ADAPTER_SOURCE=str(adapters),
        AIM_ADAPTER_MODE="dynamic",
    )
    done = run("generate", "docker", env=env)
    assert done.returncode == 0, done.stderr
    for each in (model, adapters):
        assert f"--mount=type=bind,source={each},target={each},readonly \\\n" in done.stdout
