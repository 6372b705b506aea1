"""The command line as a user meets it: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from running import AIM, COHERE, environment, run

COHERE_ON_MI300X = {"AIM_ID": COHERE, "AIM_ACCELERATOR_MODEL": "MI300X"}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"AIM_PRECISION": "fp9"}, ["AIM_PRECISION=fp9", "did you mean fp8", "int4, int8, fp4, fp8, fp16"]),
        ({"AIM_PORT": "80x"}, ["AIM_PORT=80x", "1 to 65535"]),
        ({"AIM_ENGINE_ARGS": "{broken"}, ["AIM_ENGINE_ARGS={broken", "not JSON", "character 2"]),
        ({"AIM_PRECISON": "fp8"}, ["AIM_PRECISON=fp8", "did you mean AIM_PRECISION"]),
        ({"AIM_METRIC": "speed"}, ["AIM_METRIC=speed", "latency, throughput"]),
        ({"AIM_ACCELERATOR_COUNT": "0"}, ["AIM_ACCELERATOR_COUNT=0"]),
        ({"AIM_ACCELERATOR_MODEL": "MI30X"}, ["AIM_ACCELERATOR_MODEL=MI30X", "did you mean MI3"]),
        ({"AIM_MODEL_ID": "hq://a/b"}, ["AIM_MODEL_ID='hq://a/b'", "hf://"]),
        ({"AIM_ENGINE_ARGS": '{"max-modle-len": 1}'}, ["max-modle-len", "did you mean max-model-len"]),
        ({"HF_TOKEN_FILE": "/nonexistent"}, ["HF_TOKEN_FILE=/nonexistent", "No such file"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("verb", ["dry-run", "serve"])
def test_bad_environment_is_refused(verb: str, bad: dict[str, str], said: list[str], tmp_path: Path) -> None:
    done = run(verb, env=environment(tmp_path, **{**COHERE_ON_MI300X, **bad}))
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert [text for text in said if text not in done.stderr] == []
    assert "Traceback" not in done.stderr


def test_an_unknown_variable_that_resembles_nothing_is_reported(tmp_path: Path) -> None:
    done = run("dry-run", env=environment(tmp_path, **COHERE_ON_MI300X, AIM_SOMETHING_ELSE="1"))
    assert done.returncode == 0
    assert "AIM_SOMETHING_ELSE is set, but no such variable is known" in done.stderr


def test_no_model_named(tmp_path: Path) -> None:
    done = run("dry-run", env=environment(tmp_path))
    assert done.returncode == 2
    assert "AIM_ID" in done.stderr
    assert "AIM_MODEL_ID" in done.stderr


def test_dry_run_json_follows_the_contract(tmp_path: Path) -> None:
    done = run("dry-run", "--format", "json", env=environment(tmp_path, **COHERE_ON_MI300X))
    assert done.returncode == 0
    assert done.stderr == ""
    (plan,) = json.loads(done.stdout)
    assert plan["filename"] == "vllm-mi300x-fp16-tp8-latency.yaml"
    assert Path(plan["path"]).is_file()
    metadata = plan["profile"]["metadata"]
    assert metadata["accelerator_model"] == metadata["gpu"] == "MI300X"
    assert metadata["accelerator_count"] == metadata["gpu_count"] == 8
    assert plan["profile"]["aim_id"] == plan["profile"]["model_id"] == COHERE
    assert all(isinstance(value, str) for value in plan["profile"]["env_vars"].values())
    (model,) = plan["models"]
    assert (model["name"], model["source"]) == (COHERE, f"hf://{COHERE}")
    assert model["size_gb"] == pytest.approx(206.86, abs=0.01)
    assert plan["command"][-4:] == ["--served-model-name", COHERE, "--port", "8000"]
    assert "--tensor-parallel-size 8" in plan["script"]
    assert plan["env"]["VLLM_ROCM_USE_AITER"] == "1"


def test_how_the_weights_are_read_is_in_the_plan_with_its_reason(tmp_path: Path) -> None:
    env = environment(tmp_path, **COHERE_ON_MI300X)
    (plan,) = json.loads(run("dry-run", "--format", "json", env=env).stdout)
    assert plan["loading"]["strategy"] == "default"
    assert "they are fetched first" in plan["loading"]["reason"]
    (compiled,) = [each for each in plan["variables"] if each["name"] == "VLLM_CACHE_ROOT"]
    assert compiled["value"].startswith(f"{tmp_path}/models/.aim/compiled/")
    assert "kept from one start to the next" in compiled["reason"]
    done = run("dry-run", env={**env, "AIM_LOAD_STRATEGY": "fastsafetensors"})
    assert done.returncode == 2
    assert "AIM_LOAD_STRATEGY=fastsafetensors: " in done.stderr


def test_dry_run_yaml_is_the_same_plan(tmp_path: Path) -> None:
    env = environment(tmp_path, **COHERE_ON_MI300X)
    as_json = json.loads(run("dry-run", "--format", "json", env=env).stdout)
    assert yaml.safe_load(run("dry-run", env=env).stdout) == as_json


def test_dry_run_shell_is_a_script_with_the_users_arguments(tmp_path: Path) -> None:
    env = environment(
        tmp_path, **COHERE_ON_MI300X, AIM_ENGINE_ARGS='{"max-model-len": 4096, "max_num_seqs": 7}'
    )
    done = run("dry-run", "--format", "shell", "--", "--max-model-len", "1024", env=env)
    assert done.stdout.startswith("#!/bin/sh\n")
    assert "--max-model-len 1024" in done.stdout
    assert "--max-num-seqs 7" in done.stdout
    assert "4096" not in done.stdout


def test_no_profile_prints_an_empty_list_for_machines_and_fails(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_ACCELERATOR_MODEL="MI300X", AIM_ACCELERATOR_COUNT="1")
    done = run("dry-run", "--format", "json", env=env)
    assert done.returncode == 4
    assert json.loads(done.stdout) == []
    # 206.9 GiB of weights, 0.95 of the 196,592 MiB that one MI300X reports
    assert "weights 206.9 GiB" in done.stderr
    assert "182.4 GiB" in done.stderr
    assert run("dry-run", env=env).stdout == ""


def test_unknown_profile_id_names_the_nearest(tmp_path: Path) -> None:
    env = environment(tmp_path, **COHERE_ON_MI300X, AIM_PROFILE_ID="vllm-mi300x-fp16-tp8-latncy")
    done = run("dry-run", env=env)
    assert done.returncode == 4
    assert "did you mean vllm-mi300x-fp16-tp8-latency?" in done.stderr


def test_errors_as_json(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_ID=COHERE, AIM_PRECISION="fp9")
    for done in (
        run("--error-format", "json", "dry-run", env=env),
        run("dry-run", env={**env, "AIM_LOG_FORMAT": "json"}),
    ):
        assert done.returncode == 2
        assert json.loads(done.stderr)["code"] == "config.invalid_value"


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    secret = "hf_aVerySecretToken"
    env = environment(
        tmp_path, **COHERE_ON_MI300X, HF_TOKEN=secret, AIM_ENGINE_ARGS='{"api-key": "sk-secret"}'
    )
    for format_ in ("yaml", "json", "shell"):
        done = run("dry-run", "--format", format_, "--", "--hf-token", secret, env=env)
        assert done.returncode == 0, done.stderr
        assert secret not in done.stdout + done.stderr
        assert "sk-secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "args",
    [
        *(["--help"], ["serve", "--help"], ["dry-run", "-h"], ["list-profiles", "-h"], ["explain", "-h"]),
        *(["profiles", "-h"], *(["profiles", verb, "-h"] for verb in ("lint", "migrate", "new", "schema"))),
    ],
)
def test_help_has_examples(args: list[str], tmp_path: Path) -> None:
    done = run(*args, env=environment(tmp_path))
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert "aim-runtime" in done.stdout


def test_version(tmp_path: Path) -> None:
    from aim_runtime import __version__

    done = run("--version", env=environment(tmp_path))
    assert done.stdout.strip() == f"aim-runtime, version {__version__}"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["dry-runn"], "did you mean dry-run"),
        (["dry-run", "--format", "xml"], "'xml' is not one of"),
        (["list-profiles", "--stat", "all"], "--state"),
    ],
)
def test_bad_usage(args: list[str], said: str, tmp_path: Path) -> None:
    done = run(*args, env=environment(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, tmp_path: Path) -> None:
    env = environment(tmp_path)
    done = run("completion", shell, env=env)
    assert done.returncode == 0
    assert "_AIM_RUNTIME_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("aim-runtime dry", ["dry-run"]),
        ("aim-runtime profiles li", ["lint"]),
        ("aim-runtime explain general/vllm-w7900-bf16-tp1-l", ["general/vllm-w7900-bf16-tp1-latency"]),
    ],
)
def test_completion_completes(words: str, expected: list[str], tmp_path: Path) -> None:
    last = str(len(words.split()) - 1)
    asked = {"_AIM_RUNTIME_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": last}
    done = run(env=environment(tmp_path, **asked))
    assert done.stdout.split() == [f"plain,{word}" for word in expected]


def test_completion_of_profiles_under_a_wrong_setting_is_silent(tmp_path: Path) -> None:
    asked = {
        "_AIM_RUNTIME_COMPLETE": "bash_complete",
        "COMP_WORDS": "aim-runtime explain g",
        "COMP_CWORD": "2",
    }
    done = run(env=environment(tmp_path, AIM_METRIC="speed", **asked))
    assert (done.stdout.strip(), done.stderr) == ("", "")


def test_python_dash_m(tmp_path: Path) -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "aim_runtime", "--version"],
        env=environment(tmp_path),
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(b"aim-runtime")
    assert AIM.is_file()


def test_several_keys_are_refused_and_none_is_shown(tmp_path: Path) -> None:
    given = '{"api-key": ["sk-first", "sk-second"]}'
    done = run("dry-run", env=environment(tmp_path, **COHERE_ON_MI300X, AIM_ENGINE_ARGS=given))
    assert done.returncode == 2
    assert "api-key in AIM_ENGINE_ARGS has 2 values" in done.stderr
    assert "VLLM_API_KEY_FILE" in done.stderr
    assert "sk-" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "args"),
    [
        ({"AIM_ENGINE_ARGS": '{"api-key": "sk-planted"}'}, []),
        ({"AIM_ENGINE_ARGS": '{"api_key": ["sk-planted"]}'}, []),
        ({}, ["--", "--api-key", "sk-planted"]),
        ({}, ["--", "--seed", "1", "--api-key=sk-planted", "--max-num-seqs", "2"]),
        ({"VLLM_API_KEY": "sk-planted"}, []),
    ],
    ids=["arguments", "a list", "command line", "among others", "variable"],
)
def test_a_key_is_in_no_argument_and_a_plan_says_that_there_is_one(
    tmp_path: Path, given: dict[str, str], args: list[str]
) -> None:
    env = environment(tmp_path, **COHERE_ON_MI300X, **given)
    done = run("dry-run", "--format", "json", *args, env=env)
    assert done.returncode == 0, done.stderr
    assert "sk-planted" not in done.stdout + done.stderr
    (plan,) = json.loads(done.stdout)
    assert "--api-key" not in plan["command"]
    assert "VLLM_API_KEY" not in plan["env"]
    (key,) = [each for each in plan["variables"] if each["name"] == "VLLM_API_KEY"]
    assert (key["value"], key["from"]) == ("***", "environment")
    assert ("can be read in the process list: set VLLM_API_KEY" in done.stderr) == bool(args)
    # A script that would let everyone in is none.
    script = run("dry-run", "--format", "shell", *args, env=env).stdout
    ended = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert "VLLM_API_KEY: the key that clients must send" in ended.stderr
