"""Secrets planted wherever one can be given, and every output searched for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aim_runtime.variables import SECRETS
from running import COHERE, FAKE_ENGINE, environment, run, serving
from tiny_model import write_tiny_model

MODEL = "acme/tiny"
# What to search for: a part of each, so that no spelling of the whole is missed.
MARK = "PLANTED"
ENV_TOKEN, FILE_KEY, ENV_KEY = "hf_PLANTED/env", 'PLANTED"file+/', "sk-PLANTED'env"
LISTED, ON_LINE, TOKEN = ["sk-PLANTED-one"], "sk-PLANTED-line", "hf_PLANTED_line"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A model that can be served, and a secret in each variable that may hold one."""
    write_tiny_model(tmp_path / "models" / MODEL)
    secret = tmp_path / "secret"
    secret.write_text(FILE_KEY + "\n")
    return environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(tmp_path / "record.json"),
        HF_TOKEN=ENV_TOKEN,
        AWS_ACCESS_KEY_ID="AKIAPLANTED",
        AWS_SECRET_ACCESS_KEY_FILE=str(secret),
        VLLM_API_KEY=ENV_KEY,
        HF_ENDPOINT=f"http://user:{MARK}-hub@127.0.0.1:1",
        AWS_ENDPOINT_URL=f"http://user:{MARK}-store@127.0.0.1:1",
        AIM_ENGINE_ARGS=json.dumps({"api-key": LISTED}),
    )


def nothing_planted(text: str) -> None:
    at = text.find(MARK)
    assert at < 0, text[max(0, at - 200) : at + 100]


COMMANDS = [
    *(["dry-run", "--format", form] for form in ("yaml", "json", "shell")),
    *(["explain", "--format", form] for form in ("text", "json")),
    *(["list-profiles", "--format", form] for form in ("table", "json")),
    *(["doctor", "-v"], ["doctor", "--format", "json"]),
    *(["cache", "ls"], ["cache", "ls", "--format", "json"], ["cache", "verify"]),
    ["detect-hardware"],
]
LINE = ["--", "--hf-token", TOKEN, f"--api-key={ON_LINE}"]
# No secret argument by its name: it stays in the command, and in the record of it.
TRACES = ["--otlp-traces-endpoint", f"http://user:{MARK}@127.0.0.1:1"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_commands(command: list[str], env: dict[str, str]) -> None:
    done = run(*command, *(LINE if command[0] == "dry-run" else []), env=env)
    assert done.returncode in (0, 3), done.stderr  # doctor finds what is wrong with these addresses
    nothing_planted(done.stdout + done.stderr)


@pytest.mark.parametrize("form", ["text", "json"])
def test_serve(form: str, env: dict[str, str], tmp_path: Path) -> None:
    with serving(
        tmp_path, {**env, "AIM_LOG_FORMAT": form, "AIM_LOG_LEVEL": "DEBUG"}, *LINE, *TRACES
    ) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    nothing_planted(service.said + service.stdout.read_text())
    nothing_kept(tmp_path / "models")


def nothing_kept(cache: Path) -> None:
    """Search all files of the cache, the record of the run among them."""
    (record,) = (cache / ".aim/runs").glob("*.json")
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert record in files
    assert '"value": "***"' in record.read_text(), "the secrets have been there to be hidden"
    for path in files:
        nothing_planted(path.read_bytes().decode("latin-1"))


def test_an_engine_that_fails(env: dict[str, str], tmp_path: Path) -> None:
    """What it said of its secrets is in the log, and why it ended in the record and the termination log."""
    end, log = tmp_path / "end", tmp_path / "log"
    end.touch()
    log.write_text(f"INFO refused {TOKEN}\nRuntimeError: no access with {TOKEN}, api_key={ON_LINE!r}\n")
    how = {"FAKE_ENGINE": "crash", "FAKE_ENGINE_LOG": str(log), "AIM_TERMINATION_LOG": str(end)}
    done = run("serve", *LINE, env={**env, **how})
    assert done.returncode == 6, done.stderr
    assert "RuntimeError: no access with ***, api_key='***'" in done.stderr
    assert end.read_text()
    nothing_planted(done.stdout + done.stderr + end.read_text())
    nothing_kept(tmp_path / "models")


FAILURES = [
    ({"AIM_MODEL_ID": "acme/elsewhere"}, 5),
    ({"AIM_MODEL_ID": f"https://user:{MARK}@127.0.0.1:1/model.tar?sig={MARK}&X-Amz-Signature={MARK}"}, 5),
    ({"AIM_MODEL_ID": "s3://bucket/model"}, 5),
    ({"AIM_ENGINE_ARGS": '{"api-key": "sk-PLANTED'}, 2),
    ({"AIM_PRECISION": ENV_TOKEN}, 2),
]


@pytest.mark.parametrize(
    ("more", "code"), FAILURES, ids=[next(iter(more.values()))[:20] for more, _ in FAILURES]
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_failures(more: dict[str, str], code: int, form: str, env: dict[str, str]) -> None:
    done = run("download-to-cache", env={**env, **more, "AIM_LOG_FORMAT": form})
    assert done.returncode == code, done.stderr
    nothing_planted(done.stdout + done.stderr)


@pytest.mark.parametrize("from_files", [False, True], ids=["variables", "files"])
def test_each_secret_is_hidden_wherever_it_is_given(
    from_files: bool, env: dict[str, str], tmp_path: Path
) -> None:
    values = {name: f"{MARK}-{number:02}/+{name.lower()}" for number, name in enumerate(SECRETS)}
    given = values
    if from_files:
        for name, value in values.items():
            (tmp_path / name).write_text(f"{value}\n")
        given = {f"{name}_FILE": str(tmp_path / name) for name in values}
    plain = {name: value for name, value in env.items() if name.removesuffix("_FILE") not in SECRETS}
    done = run("dry-run", env={**plain, **given, "AIM_PRECISION": "; ".join(values.values())})
    assert done.returncode == 2
    assert done.stderr.count("***") == len(SECRETS), done.stderr
    nothing_planted(done.stdout + done.stderr)


ELSEWHERE = {
    "az://container/m": {"AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:1/a", "AZURE_STORAGE_ACCOUNT": "a"},
    "gs://bucket/m": {"GOOGLE_BASE_URL": "http://127.0.0.1:1"},
    "modelscope://acme/m": {"MODELSCOPE_ENDPOINT": "http://127.0.0.1:1"},
}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        *(("az://container/m", name) for name in SECRETS if name.startswith("AZURE")),
        *(("gs://bucket/m", name) for name in SECRETS if name.startswith("GOOGLE")),
        ("modelscope://acme/m", "MODELSCOPE_API_TOKEN"),
    ],
)
def test_the_secret_of_a_source_that_is_not_there(source: str, name: str, env: dict[str, str]) -> None:
    secret = f"AccountKey={MARK}+/;" if name.endswith("STRING") else f"{MARK}+/"
    done = run("download-to-cache", "--model-id", source, env={**env, **ELSEWHERE[source], name: secret})
    assert done.returncode == 5, done.stderr
    nothing_planted(done.stdout + done.stderr)


def test_usage_errors(env: dict[str, str]) -> None:
    for args in (["serve", "--api-key", ON_LINE], ["dry-run", "--format", ON_LINE, "--api-key", ON_LINE]):
        done = run(*args, env=env)
        assert done.returncode == 2
        nothing_planted(done.stdout + done.stderr)


BROKEN = """
import os, sys, threading
from aim_runtime import cli
from aim_runtime.cli import detect_hardware

def broken(**_):
    def work():
        raise LookupError(f"thread {os.environ['HF_TOKEN']} https://user:PLANTED@host")
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    raise ZeroDivisionError(f"main {os.environ['VLLM_API_KEY']!r} {sys.argv} {{'api_key': 'sk-PLANTED'}}")

detect_hardware.command.callback = broken
cli.main(["detect-hardware"])
"""


def test_the_traceback_of_a_bug(env: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BROKEN, "--api-key", ON_LINE],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError: main '***'" in done.stderr.replace('"', "'")
    assert "LookupError: thread ***" in done.stderr
    assert done.stderr.count("Traceback (most recent call last):") == 2
    nothing_planted(done.stdout + done.stderr)


def test_a_machine_can_still_read_what_was_hidden_in(env: dict[str, str], tmp_path: Path) -> None:
    env = {
        **env,
        "AIM_ID": COHERE,
        "AIM_MODEL_ID": "",
        "AIM_ACCELERATOR_TYPE": "",
        "AIM_ACCELERATOR_MODEL": "MI300X",
    }
    done = run("dry-run", "--format", "json", *LINE, env=env)
    (plan,) = json.loads(done.stdout)
    command = plan["command"]
    assert "--api-key" not in command
    assert "--hf-token" not in command
    assert ("VLLM_API_KEY", "***") in {(each["name"], each["value"]) for each in plan["variables"]}
