"""What follows when the engine fails to start: the second chance, and where the reason is written."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from integration.serving_support import MODEL, fake_environment, gone, record
from running import free_port, run, serving

OUT_OF_MEMORY = """\
INFO 11-25 10:00:00 [core.py:107] Initializing a V1 LLM engine
torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB.
"""
PROFILE = """\
metadata:
  engine: vllm
  accelerator_type: cpu
  accelerator_model: CPU
  accelerator_count: 1
  precision: {precision}
  metric: latency
  type: general
engine_args:
  dtype: {dtype}
  max-num-seqs: {seqs}
env_vars:
  FAKE_ENGINE: {how}
  VLLM_CPU_KVCACHE_SPACE: '1'
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return fake_environment(tmp_path, AIM_TERMINATION_LOG=str(tmp_path / "termination"))


def profiles(folder: Path, *how: str) -> dict[str, str]:
    """Custom profiles that are ranked in this order, each with its own trouble."""
    general = folder / "profiles/custom/general"
    general.mkdir(parents=True)
    kinds = (("fp16", "float16"), ("bf16", "bfloat16"), ("fp32", "float32"))
    for seqs, (trouble, (precision, dtype)) in enumerate(zip(how, kinds, strict=False), start=1):
        text = PROFILE.format(precision=precision, dtype=dtype, how=trouble, seqs=seqs)
        (general / f"vllm-cpu-{precision}-tp1-latency.yaml").write_text(text)
    return {"AIM_PROFILES_PATH": str(folder / "profiles")}


def termination(env: dict[str, str]) -> str:
    return Path(env["AIM_TERMINATION_LOG"]).read_text()


def test_a_failure_stops_it(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "log").write_text(OUT_OF_MEMORY)
    env = {**env, "FAKE_ENGINE_LOG": str(tmp_path / "log"), "FAKE_ENGINE": "crash"}
    with serving(tmp_path, env) as service:
        assert service.process.wait(30) == 6
    assert service.said.count("starting vllm") == 1
    assert "HIP out of memory" in service.said
    assert "ended with exit code 3 after" in service.said
    assert termination(env).startswith("out of memory on the GPU; the plan had counted on weights 0.0 GiB")
    assert termination(env).count("\n") == 1


def test_retry_tries_once_more(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "crash-once", "AIM_ON_FAILURE": "retry"}) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    assert (
        "WARNING - profile general/vllm-cpu-bf16-tp1-latency: the engine ended with exit code 3"
        in service.said
    )
    assert "(engine.exited); now the same once more" in service.said
    assert not Path(env["AIM_TERMINATION_LOG"]).exists()


def test_retry_is_only_once(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "crash", "AIM_ON_FAILURE": "retry"}) as service:
        assert service.process.wait(30) == 6
    assert service.said.count("starting vllm") == 2
    assert service.said.count("now the same once more") == 1
    tried = "general/vllm-cpu-bf16-tp1-latency (engine.exited)"
    assert f"tried: {tried}, {tried}" in service.said


def test_the_next_profile_is_served_after_two_steps(env: dict[str, str], tmp_path: Path) -> None:
    env |= profiles(tmp_path, "crash", "hang", "fine")
    with serving(tmp_path, {**env, "AIM_ON_FAILURE": "next-profile", "AIM_READY_SECONDS": "2"}) as service:
        service.wait_until_said("ready after", 30)
        argv = record(env)["argv"]
        assert argv[argv.index("--max-num-seqs") + 1] == "3"
        assert json.loads(service.get("/v1/models"))["data"][0]["id"] == MODEL
        assert service.stop() == 0
    said = service.said
    first, second, third = (
        f"custom/general/vllm-cpu-{each}-tp1-latency" for each in ("fp16", "bf16", "fp32")
    )
    assert (
        f"WARNING - profile {first}: the engine ended with exit code 3: fake engine: RuntimeError: no good "
        f"(engine.exited); now profile {second}" in said
    )
    assert f"WARNING - profile {second}: the engine did not become ready (engine.never_ready); " in said
    assert f"now profile {third}" in said
    assert said.index(f"now profile {third}") < said.rindex(f"  profile  {third}")
    assert "because AIM_PROFILE_ID names it" not in said


def test_two_steps_are_all(env: dict[str, str], tmp_path: Path) -> None:
    env |= profiles(tmp_path, "crash", "crash", "crash")
    with serving(tmp_path, {**env, "AIM_ON_FAILURE": "next-profile"}) as service:
        assert service.process.wait(30) == 6
    assert service.said.count("starting vllm") == 3, "the shipped profile would be the fourth"
    for precision in ("fp16", "bf16", "fp32"):
        assert f"custom/general/vllm-cpu-{precision}-tp1-latency (engine.exited)" in termination(env)


def test_no_profile_is_left(env: dict[str, str], tmp_path: Path) -> None:
    last = "general/vllm-cpu-bf16-tp1-latency"
    env = {**env, "FAKE_ENGINE": "crash", "AIM_ON_FAILURE": "next-profile", "AIM_PROFILE_ID": last}
    with serving(tmp_path, env) as service:
        assert service.process.wait(30) == 6
    assert service.said.count("starting vllm") == 1
    assert "tried:" not in service.said


def test_an_engine_that_was_ready_gets_no_second_chance(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "AIM_ON_FAILURE": "retry"}) as service:
        service.wait_until_said("ready after", 20)
        pids = record(env)["pids"]
        os.kill(pids[0], signal.SIGKILL)
        assert service.process.wait(20) == 6
        assert gone(pids)
    assert service.said.count("starting vllm") == 1
    assert "ended by itself with signal SIGKILL" in service.said


@pytest.mark.parametrize(
    ("extra", "args", "lines"),
    [
        ({}, (), 0),
        ({"AIM_LOG_LEVEL_ROOT": "ERROR"}, (), 2),
        ({}, ("--last-lines", "1"), 1),
        ({"AIM_LOG_LEVEL_ROOT": "ERROR"}, ("--last-lines", "0"), 0),
    ],
)
def test_the_last_lines_where_they_were_not_shown(
    extra: dict[str, str], args: tuple[str, ...], lines: int, env: dict[str, str]
) -> None:
    env = {**env, **extra, "FAKE_ENGINE": "crash", "AIM_PORT": str(free_port())}
    done = run("serve", *args, env=env)
    assert done.returncode == 6
    repeated = [line for line in done.stderr.splitlines() if line.startswith("  | ")]
    assert len(repeated) == lines
    assert not lines or "RuntimeError: no good" in repeated[-1]


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"AIM_METRIC": "speed"}, 2, "AIM_METRIC=speed"),
        ({"AIM_ACCELERATOR_TYPE": "gpu"}, 4, "no profile for acme/tiny"),
        ({"AIM_MODEL_ID": "acme/other", "HF_ENDPOINT": "http://127.0.0.1:1"}, 5, "cannot be reached"),
    ],
)
def test_every_reason_is_in_the_termination_log(
    change: dict[str, str], code: int, reason: str, env: dict[str, str]
) -> None:
    done = run("serve", env={**env, "AIM_PORT": str(free_port()), **change})
    assert done.returncode == code
    assert reason in termination(env)
    assert termination(env).count("\n") == 1
    assert "not found" not in termination(env), "the operator takes these words for a missing source"


def test_the_termination_log_is_short_and_holds_no_secret(env: dict[str, str], tmp_path: Path) -> None:
    done = run(
        "serve", env={**env, "HF_TOKEN": "hf_secretsecret", "AIM_METRIC": "hf_secretsecret" + "ä" * 5000}
    )
    assert done.returncode == 2
    written = Path(env["AIM_TERMINATION_LOG"]).read_bytes()
    assert len(written) <= 4096
    assert b"hf_secret" not in written
    assert written.decode().startswith("AIM_METRIC=***")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "nowhere"])
def test_nothing_fails_because_of_the_termination_log(kind: str, env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "termination"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(tmp_path / "record.json")  # not followed: who may make links may not name a file
    else:
        env = {**env, "AIM_TERMINATION_LOG": str(tmp_path / "none/termination")}
    done = run("serve", env={**env, "AIM_METRIC": "speed"})
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "record.json").exists()
