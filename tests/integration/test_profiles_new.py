"""`aim-runtime profiles new`, as the owner of a model runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.hub import NO_HUB, QWEN3, cached_model, hub_with
from running import environment, run

MODEL = "acme/chat"
GIB = 1024**3
STEM = "vllm-mi300x-bf16-tp1-latency"
PLACE = Path("custom", MODEL, f"{STEM}.yaml")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A user with a folder for profiles, a model in the cache, and no hub."""
    cached_model(tmp_path / "models" / MODEL, QWEN3, 2 * GIB)
    return environment(tmp_path, AIM_PROFILES_PATH=str(tmp_path / "profiles"), HF_ENDPOINT=NO_HUB)


def new(env: dict[str, str], *args: str) -> tuple[int, str, str]:
    done = run("profiles", "new", *args, env=env)
    return done.returncode, done.stdout.strip(), done.stderr


def content(path: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(Path(path).read_text())
    return found


def test_a_profile_is_written_clean_and_chosen(env: dict[str, str], tmp_path: Path) -> None:
    code, path, said = new(env, "--model-id", MODEL, "--accelerator-model", "MI300X")
    assert (code, Path(path)) == (0, tmp_path / "profiles" / PLACE), said
    assert "warning" not in said
    found = content(path)
    assert found["engine_args"] == {
        "gpu-memory-utilization": 0.92,
        "max-model-len": 40960,
        "enable-auto-tool-choice": True,
        "tool-call-parser": "hermes",
        "reasoning-parser": "qwen3",
    }
    assert found["evidence"]["source"] == "derived"
    assert "figures" not in found["evidence"]

    linted = run("profiles", "lint", path, env=env)
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout
    assert "0 errors, 0 warnings" in linted.stderr

    wanted = {
        "AIM_MODEL_ID": f"hf://{MODEL}",
        "AIM_ACCELERATOR_MODEL": "MI300X",
        "AIM_ACCELERATOR_COUNT": "1",
    }
    planned = run("dry-run", "--format", "json", env={**env, **wanted})
    plan = json.loads(planned.stdout)[0]
    assert plan["profile_id"] == f"custom/{MODEL}/{STEM}", planned.stderr
    layers = {each["key"]: each["from"] for each in plan["arguments"]}
    assert layers["tool-call-parser"] == layers["max-model-len"] == "profile"


def test_the_next_command_that_is_proposed_works(env: dict[str, str]) -> None:
    _, _, said = new(env, "--model-id", MODEL, "--accelerator-model", "MI300X")
    proposed = said.rstrip().splitlines()[-1].split()
    place = proposed.index("aim-runtime")
    variables = dict(word.split("=", 1) for word in proposed[:place])
    assert variables["AIM_ID"] == MODEL
    done = run(*proposed[place + 1 :], env={**env, **variables})
    assert done.returncode == 0, done.stderr
    assert f"Chosen: custom/{MODEL}/{STEM}" in done.stdout


def test_on_a_whole_server_it_is_chosen_by_itself_with_the_servers_count(env: dict[str, str]) -> None:
    new(env, "--model-id", MODEL, "--accelerator-model", "MI300X", "--accelerator-count", "8")
    wanted = {"AIM_MODEL_ID": MODEL, "AIM_ACCELERATOR_MODEL": "MI300X"}
    plan = json.loads(run("dry-run", "--format", "json", env={**env, **wanted}).stdout)[0]
    assert plan["profile_id"] == f"custom/{MODEL}/vllm-mi300x-bf16-tp8-latency"


def test_on_this_machine_without_a_gpu_it_is_for_the_cpu(env: dict[str, str]) -> None:
    code, path, said = new(env, "--model-id", MODEL)
    assert code == 0, said
    name = Path(path).name
    assert content(path)["metadata"]["accelerator_type"] == "cpu"
    plan = json.loads(run("dry-run", "--format", "json", env={**env, "AIM_MODEL_ID": MODEL}).stdout)[0]
    assert plan["filename"] == name


def test_a_file_that_is_there_is_only_replaced_with_force(env: dict[str, str]) -> None:
    asked = ("--model-id", MODEL, "--accelerator-model", "MI300X")
    _, path, _ = new(env, *asked)
    Path(path).write_text("mine\n")
    code, out, said = new(env, *asked)
    assert (code, out) == (2, "")
    assert f"{path}: there is such a file" in said
    assert "--force" in said
    assert Path(path).read_text() == "mine\n"
    assert new(env, *asked, "--force")[0] == 0
    assert content(path)["aim_id"] == MODEL


def test_a_folder_and_the_standard_output(env: dict[str, str], tmp_path: Path) -> None:
    asked = ("--model-id", MODEL, "--accelerator-model", "MI300X", "--output")
    _, path, _ = new(env, *asked, str(tmp_path / "elsewhere"))
    assert Path(path) == tmp_path / "elsewhere" / PLACE
    code, out, said = new(env, *asked, "-")
    assert (code, said) == (0, "")
    assert yaml.safe_load(out) == content(path)
    assert not (tmp_path / "profiles").exists()


def test_what_the_hub_tells_is_enough(tmp_path: Path) -> None:
    with hub_with(tmp_path / "hub", MODEL, QWEN3) as hub:
        env = environment(tmp_path, HF_ENDPOINT=hub.endpoint)
        code, out, said = new(env, "--model-id", MODEL, "--accelerator-model", "MI300X", "--output", "-")
    assert code == 0, said
    found = yaml.safe_load(out)
    assert found["engine_args"]["max-model-len"] == 40960
    assert found["metadata"]["precision"] == "bf16"
    assert said == ""


def test_what_cannot_be_computed_is_said_and_left_out(tmp_path: Path) -> None:
    env = environment(tmp_path, HF_ENDPOINT=NO_HUB)
    code, out, said = new(env, "--model-id", MODEL, "--accelerator-model", "MI300X", "--output", "-")
    assert code == 0, said
    found = yaml.safe_load(out)
    assert found["engine_args"] == {"gpu-memory-utilization": 0.92}
    for text in ("precision", "accelerator_count", "max-model-len", "tool-call-parser and reasoning-parser"):
        assert f"warning: not computed: {text}: " in said


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ((), 2, "no model was named: neither --model-id nor AIM_MODEL_ID is given"),
        (("--model-id", "chat"), 2, "AIM_MODEL_ID='chat' is not a model reference"),
        (("--model-id", MODEL, "--aim-id", "../../x"), 2, "AIM_ID=../../x: not a model name"),
        (
            ("--model-id", MODEL, "--accelerator-model", "MI300"),
            2,
            "not a known accelerator; did you mean MI300",
        ),
        (("--model-id", MODEL, "--accelerator-model", "MI300X", "--precision", "fp8"), 2, "are bf16"),
        (("--model-id", MODEL, "--accelerator-model", "MI300X", "--accelerator-count", "3"), 4, "spread"),
    ],
)
def test_mistakes_are_said(asked: tuple[str, ...], code: int, message: str, env: dict[str, str]) -> None:
    found, out, said = new(env, *asked)
    assert (found, out) == (code, ""), said
    assert message in said
    assert "fix:" in said


def test_a_model_that_fits_nowhere_is_refused_with_the_numbers(env: dict[str, str], tmp_path: Path) -> None:
    cached_model(tmp_path / "models/acme/huge", QWEN3, 1000 * GIB)
    code, _, said = new(env, "--model-id", "acme/huge", "--accelerator-model", "MI210")
    assert code == 4
    assert "does not fit 8 x MI210: weights 125.0 GiB an accelerator" in said
    assert not (tmp_path / "profiles").exists()


def test_a_folder_that_cannot_be_written(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    asked = ("--model-id", MODEL, "--accelerator-model", "MI300X", "--output", str(tmp_path / "file"))
    code, _, said = new(env, *asked)
    assert code == 2
    assert "cannot be written" in said
