"""`validate` and `list-checks` as a user runs them: what they print, write and end with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving_support import fake_environment, gone, record, within

from aim_runtime.validate.config import Config
from aim_runtime.validate.listed import NAMES
from integration.validate.support import MODEL, Fake, fake_api
from running import AIM, environment, free_port, run

KEYS = ["success", "summary", "subject", "checks", "metrics", "artifacts"]
OF_A_CHECK = {"name", "result_type", "success", "value", "detail", "warnings", "skipped", "gating"}
METRICS = {
    *("ready_time_seconds", "warmup_time_seconds", "warmup_attempts", "warmup_succeeded", "jit_suspected"),
}
PROFILE = """\
metadata: {engine: vllm, accelerator_type: cpu, accelerator_model: CPU, accelerator_count: 1,
           precision: bf16, metric: latency, type: general%s}
engine_args: {%s}
env_vars: {}
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fake]:
    with fake_api(tmp_path_factory.mktemp("api")) as fake:
        yield fake


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """The words of an error, without the lines of progress before it."""
    return done.stderr[done.stderr.index("error:") :]


def with_profile(folder: Path, more: str = "", arguments: str = "", **env: str) -> dict[str, str]:
    """An environment that names a custom profile of its own, with a stand-in for the engine."""
    place = folder / "profiles/custom/general"
    place.mkdir(parents=True)
    (place / "vllm-cpu-bf16-tp1-latency.yaml").write_text(PROFILE % (more, arguments))
    return fake_environment(
        folder,
        AIM_PROFILES_PATH=str(folder / "profiles"),
        AIM_PROFILE_ID="custom/general/vllm-cpu-bf16-tp1-latency",
        **env,
    )


def test_a_service_that_is_right(api: Fake, tmp_path: Path) -> None:
    api.breaks()
    config = tmp_path / "checks.yaml"
    config.write_text("capabilities: {tool_calling: true, structured_outputs: true, reasoning: true}\n")
    results = tmp_path / "new" / "results"
    done = run(
        *("validate", "--service-url", f"{api.url}/v1/", "--config", str(config)),
        *("--output-dir", str(results)),
        env=environment(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert list(found) == KEYS
    assert found["success"] is True
    assert found["summary"] == "17 passed, 0 failed, 2 skipped"
    assert found["subject"] == {"model": MODEL, "profile": None, "service_url": api.url}
    assert [each["name"] for each in found["checks"]] == list(NAMES)
    assert all(set(each) >= OF_A_CHECK for each in found["checks"])
    assert set(found["metrics"]) == METRICS
    assert found["artifacts"] == [str(results / "validate_results.json")]
    assert json.loads((results / "validate_results.json").read_text()) == found
    # Piped, the progress is a plain line a check.
    assert [line.split()[1] for line in done.stderr.splitlines()] == [f"{name}:" for name in NAMES]
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("form", ["ci", "table"])
def test_a_service_that_is_wrong(api: Fake, tmp_path: Path, form: str) -> None:
    api.breaks("no-done", "any-model")
    done = run("validate", "--service-url", api.url, "--output-format", form, env=environment(tmp_path))
    api.breaks()
    assert done.returncode == 7
    assert "2 of 19 checks failed: streaming_equivalence, unknown_model" in failure(done)
    assert "fix: streaming_equivalence: clients that stream" in failure(done)
    if form == "ci":
        assert done.stdout.count("\n") == 1
        assert json.loads(done.stdout)["success"] is False
        return
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "without data: [DONE]" in rows["streaming_equivalence"]
    assert rows["unknown_model"].split()[1] == "failed"
    assert "reasoning is not declared" in rows["reasoning"]
    assert "2 failed" in done.stdout


def test_one_check_with_what_it_needs(api: Fake, tmp_path: Path) -> None:
    api.breaks()
    done = run(
        *("validate", "--service-url", api.url, "--scope", "offline", "--check", "stop_sequences"),
        env=environment(tmp_path),
    )
    names = [each["name"] for each in json.loads(done.stdout)["checks"]]
    assert names == ["api_health", "warmup", "completions_endpoint", "stop_sequences"]


def test_errors_are_json_where_that_is_asked_for(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run(
        *("--error-format", "json", "validate", "--scope", "offline", "--startup-timeout", "0"),
        *("--service-url", url),
        env=environment(tmp_path),
    )
    assert done.returncode == 7
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["code"] == "check.failed"
    assert "api_health" in said["message"]
    assert "start the service" in said["hint"]
    assert json.loads(done.stdout)["success"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--service-url", "localhost:8000"], "localhost:8000 is not the URL of a service"),
        (["--check", "unicod"], "did you mean unicode?"),
        (["--scope", "online"], "'online' is not one of"),
        (["--timeout", "0"], "0.0 is not in the range x>0"),
        (["--config", "absent.yaml"], "does not exist"),
        ([], "neither AIM_ID nor AIM_MODEL_ID is set"),
        (["--scope", "runtime", "--service-url", "http://127.0.0.1:1"], "neither AIM_ID nor AIM_MODEL_ID"),
        (["--service-url", "http://127.0.0.1:1", "--output-dir", "/proc/none"], "--output-dir /proc/none"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = run("validate", *arguments, env=environment(tmp_path))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("capabilites: {}", "line 1, column 1: unknown key capabilites; did you mean capabilities?"),
        ("capabilities: {tool_caling: true}", "tool_caling; did you mean tool_calling?"),
        ('{"port": 99999}', "port"),
        ("max_warmup_time: -1", "max_warmup_time"),
        ("capabilities: {reasoning: perhaps}", "reasoning"),
        ("- port", "a list: expected a mapping"),
    ],
)
def test_a_wrong_config_file(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "checks.yaml"
    config.write_text(text)
    done = run(
        "validate", "--service-url", "http://127.0.0.1:1", "--config", str(config), env=environment(tmp_path)
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_the_page_names_every_check_and_every_key() -> None:
    page = (Path(__file__).parents[3] / "docs/validate.md").read_text(encoding="utf-8")
    for name in (*NAMES, *Config.__struct_fields__):
        assert f"`{name}`" in page, name


def test_a_service_that_is_started_for_it(tmp_path: Path) -> None:
    port = free_port()
    config, results = tmp_path / "checks.yaml", tmp_path / "results"
    config.write_text(f"port: {port}\n")
    env = fake_environment(tmp_path, FAKE_ENGINE="openai")
    done = run("validate", "--config", str(config), "--output-dir", str(results), env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["subject"]["model"] == MODEL
    assert found["subject"]["service_url"] == f"http://127.0.0.1:{port}"
    assert found["artifacts"] == [str(results / "validate_results.json"), str(results / "service.log")]
    assert found["metrics"]["ready_time_seconds"] > 0
    checks = {each["name"]: each for each in found["checks"]}
    assert "the parser of vllm" in checks["engine_validation"]["warnings"][0]
    assert "the plan passes no tool-call-parser" in checks["tool_invocation"]["detail"]
    assert not checks["structured_output"]["skipped"]
    assert "starting the service" in done.stderr
    assert within(10, lambda: not listening(port)), "it was ended"
    assert gone(record(env)["pids"])


def test_a_plan_for_embeddings_is_not_asked_for_text(tmp_path: Path) -> None:
    env = fake_environment(tmp_path, AIM_ENGINE_ARGS='{"runner": "pooling", "convert": "embed"}')
    done = run("validate", env=env)
    assert done.returncode == 2
    assert f"{MODEL} is served for embeddings" in done.stderr
    assert run("validate", "--scope", "runtime", env=env).returncode == 0


def test_ended_from_outside_it_ends_what_it_started(tmp_path: Path) -> None:
    env = fake_environment(tmp_path, FAKE_ENGINE="hang")
    command = [AIM, "validate", "--scope", "offline"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pids = record(env)["pids"]
    process.terminate()
    shown, _ = process.communicate(timeout=30)
    assert (process.returncode, shown) == (130, b"")
    assert gone(pids)


def listening(port: int) -> bool:
    wanted = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(wanted) and line.split()[3] == "0A" for line in lines)


def test_a_service_that_does_not_start_fails_its_first_check(tmp_path: Path) -> None:
    done = run("validate", env=fake_environment(tmp_path, FAKE_ENGINE="crash"))
    assert done.returncode == 7
    first, *rest = json.loads(done.stdout)["checks"][2:]
    assert "the service did not start" in first["detail"]
    assert "engine." in first["detail"]
    assert all(each["skipped"] for each in rest)
    assert "api_health" in failure(done)


def test_a_broken_profile_fails_its_check_and_nothing_is_started(tmp_path: Path) -> None:
    done = run("validate", env=with_profile(tmp_path, more=", color: red"))
    assert done.returncode == 7
    schema, engine, *rest = json.loads(done.stdout)["checks"]
    assert "color" in schema["detail"]
    assert "profiles lint" in schema["fix"]
    assert engine["skipped"]
    assert all(each["skipped"] for each in rest)
    assert not (tmp_path / "record.json").exists()


def test_an_argument_that_the_engine_does_not_have(tmp_path: Path) -> None:
    env = with_profile(tmp_path, arguments="max-modle-len: 512")
    done = run("validate", "--scope", "runtime", env=env)
    assert done.returncode == 7
    schema, engine = json.loads(done.stdout)["checks"]
    assert not schema["success"]
    assert not engine["success"]
    assert "max-modle-len" in engine["detail"]


def test_what_a_profile_says_of_capabilities_counts(api: Fake, tmp_path: Path) -> None:
    env = with_profile(tmp_path, more=", capabilities: {reasoning: true, structured_outputs: false}")
    api.breaks()
    done = run("validate", "--service-url", api.url, "--scope", "offline", env=env)
    assert done.returncode == 0, done.stderr
    checks = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
    assert checks["reasoning"]["value"] == 1.0
    assert "says structured_outputs: false" in checks["structured_output"]["detail"]


def test_a_plan_of_another_model_declares_nothing(api: Fake, tmp_path: Path) -> None:
    env = fake_environment(tmp_path, AIM_CUSTOM_MODEL_NAME="acme/absent")
    done = run(
        "validate", "--service-url", api.url, "--scope", "offline", "--check", "structured_output", env=env
    )
    found = json.loads(done.stdout)["checks"][-1]
    assert found["skipped"]
    assert "the plan here is of acme/absent, which is not served there" in found["detail"]


def test_the_list_of_checks(tmp_path: Path) -> None:
    done = run("list-checks", "--output-format", "json", env=environment(tmp_path))
    assert done.returncode == 0
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == list(NAMES)
    assert {row["scope"] for row in rows} == {"runtime", "offline"}
    assert all(set(row) >= {"name", "result_type", "scope", "description"} for row in rows)
    table = run("list-checks", env=environment(tmp_path)).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["Check", *NAMES]


def test_the_list_of_a_profile_says_what_runs(tmp_path: Path) -> None:
    env = fake_environment(tmp_path)
    profile = "general/vllm-cpu-bf16-tp1-latency"
    done = run("list-checks", "--profile", profile, "--output-format", "json", env=env)
    assert done.returncode == 0, done.stderr
    runs = {row["name"]: row["runs"] for row in json.loads(done.stdout)}
    assert runs["structured_output"]
    assert not runs["tool_invocation"]
    table = run("list-checks", "--profile", profile, env=env).stdout
    assert "no: the plan passes no reasoning-parser" in table
    unknown = run("list-checks", "--profile", "general/vllm-cpu-bf16-tp1-latenci", env=env)
    assert unknown.returncode == 4
    assert "did you mean general/vllm-cpu-bf16-tp1-latency?" in unknown.stderr
