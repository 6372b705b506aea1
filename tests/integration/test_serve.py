"""`serve` from the environment to a running process and back, with a stand-in for the engine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import aim_runtime
from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.launch import EnvironmentVariable, Launch, Layer
from aim_runtime.engines.process import EngineProcess
from aim_runtime.models.owner import Owner
from integration.serving_support import MODEL, fake_environment
from running import COHERE, FAKE_ENGINE, alive, environment, free_port, run, serving


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache holds a whole model and whose engine is the stand-in."""
    return fake_environment(tmp_path)


def record(env: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())
    return found


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_and_stops_cleanly(number: int, env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        said = service.said
        assert f"http://localhost:{service.port}/v1" in said
        assert "profile  general/vllm-cpu-bf16-tp1-latency" in said
        assert f"curl -s http://localhost:{service.port}/v1/chat/completions" in said
        assert "nothing to fetch" in said
        assert json.loads(service.get("/v1/models"))["data"][0]["id"] == MODEL
        pids = record(env)["pids"]
        assert all(map(alive, pids))
        assert service.stop(number) == 0
        assert gone(pids)
        assert service.stdout.read_bytes() == b"", "stdout is for data; the engine's words go to stderr"
        assert "Traceback" not in service.said


def test_the_engine_gets_the_plan_and_nothing_of_the_runtime_twice(
    env: dict[str, str], tmp_path: Path
) -> None:
    env = {**env, "AIM_ENGINE_ARGS": '{"max-num-seqs": 3}', "VLLM_CPU_KVCACHE_SPACE": "1"}
    with serving(tmp_path, env, "--", "--max-model-len", "128") as service:
        service.wait_until_said("ready after", 20)
        seen = record(env)
        assert service.stop() == 0
    argv = seen["argv"]
    assert argv[argv.index("--model") + 1] == str(tmp_path / "models" / MODEL)
    assert argv[argv.index("--max-model-len") + 1] == "128"
    assert argv[argv.index("--max-num-seqs") + 1] == "3"
    assert argv.count("--port") == 1
    assert seen["env"]["HF_HUB_OFFLINE"] == "1"
    assert seen["env"]["VLLM_CPU_KVCACHE_SPACE"] == "1"
    assert "VLLM_CPU_KVCACHE_SPACE=1 of the environment replaces 4" in service.said


def test_stopped_while_the_engine_loads(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "slow"}) as service:
        service.wait_until_said("fake engine:", 20)
        while not Path(env["FAKE_ENGINE_RECORD"]).exists():
            time.sleep(0.05)
        time.sleep(0.2)
        assert service.stop() == 0
        assert gone(record(env)["pids"])


def test_an_engine_that_crashes_is_an_engine_error(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "crash"}) as service:
        assert service.process.wait(30) == 6
        assert "RuntimeError: no good" in service.said
        assert "the engine ended with exit code 3" in service.said
        assert "before it was ready" in service.said
        assert "Traceback" not in service.said


def test_an_engine_that_dies_later_leaves_nothing_behind(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "die"}) as service:
        service.wait_until_said("ready after", 20)
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert service.process.wait(30) == 6
        assert "ended by itself with exit code 4" in service.said
        assert gone(record(env)["pids"])


def test_a_port_that_is_taken(env: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", env={**env, "AIM_PORT": str(port)})
    assert done.returncode == 6
    assert f"AIM_PORT={port}: the port is not free" in done.stderr
    assert not Path(env["FAKE_ENGINE_RECORD"]).exists()


def test_without_an_engine(env: dict[str, str], tmp_path: Path) -> None:
    # An interpreter that sees this package and what it needs, but no engine.
    site = tmp_path / "site"
    site.mkdir()
    for name in ("click", "msgspec", "yaml", "_yaml"):
        found = next((Path(path) / name for path in sys.path if (Path(path) / name).is_dir()), None)
        assert found, name
        (site / name).symlink_to(found)
    package = Path(aim_runtime.__file__).parent
    (site / "aim_runtime").symlink_to(package)
    (tmp_path / "catalog").symlink_to(package.parents[1] / "catalog")
    code = "from aim_runtime.cli import main; main(['serve'])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**env, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert "the engine vllm is not installed" in done.stderr
    assert "make engine" in done.stderr


def test_a_gated_model_without_a_token_downloads_nothing(env: dict[str, str], tmp_path: Path) -> None:
    # A hub that would hang for ever: were it asked, this would not end at once.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hub = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = environment(
            tmp_path,
            AIM_ID=COHERE,
            AIM_ACCELERATOR_MODEL="MI300X",
            HF_ENDPOINT=hub,
            PYTHONPATH=str(FAKE_ENGINE),
        )
        started = time.monotonic()
        done = run("serve", env={**env, "AIM_PORT": str(free_port())})
        assert time.monotonic() - started < 5
        silent.settimeout(0)
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert done.returncode == 5
    assert "HF_TOKEN" in done.stderr
    assert "https://huggingface.co/settings/tokens" in done.stderr
    assert not (tmp_path / "models" / COHERE).exists()


def test_json_log_is_one_object_a_line(env: dict[str, str], tmp_path: Path) -> None:
    log = Path(__file__).parents[1] / "unit/engines/logs/vllm-0.9-gpu.log"
    with serving(tmp_path, {**env, "AIM_LOG_FORMAT": "json", "FAKE_ENGINE_LOG": str(log)}) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
    lines = [json.loads(line) for line in service.said.splitlines()]
    assert all(line.keys() >= {"asctime", "name", "level", "message"} for line in lines)
    assert any("ready after" in line["message"] for line in lines)
    # The engine's lines are among them, in the same shape, with what they say.
    assert "loading weights" in {line.get("phase") for line in lines}
    assert "VllmWorker_1" in {line.get("process") for line in lines}
    (received,) = (line for line in lines if line["message"].startswith("Received request"))
    assert received["request_id"].startswith("chatcmpl-")
    assert "planted" not in service.said, "an old engine prints the key that it was given"


def test_a_cache_that_cannot_be_written(env: dict[str, str], tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    env |= {"AIM_CACHE_PATH": str(blocked / "models"), "HF_ENDPOINT": "http://127.0.0.1:1"}
    done = run("serve", env={**env, "AIM_PORT": str(free_port())})
    assert done.returncode == 5
    assert "AIM_CACHE_PATH" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_deaf_engine_is_killed(env: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    command = (sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--port", str(port))
    command += ("--served-model-name", MODEL)
    launch = Launch(
        command, (EnvironmentVariable("FAKE_ENGINE", "deaf", Layer.PROFILE),), (), "/health", port
    )
    engine = EngineProcess(launch, {**os.environ, **env})
    endpoint = Endpoint(port)
    deadline = time.monotonic() + 20
    while not endpoint.ask("/health", 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert endpoint.ask("/health", 1)
    engine.terminate()
    assert engine.wait(0.5) is None
    engine.kill()
    assert engine.exit_code() == -signal.SIGKILL
    os.close(engine.output)
    assert gone(record(env)["pids"])


@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.6])
def test_stopped_while_a_hub_keeps_silent(delay_s: float, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        env = environment(
            tmp_path,
            AIM_MODEL_ID=MODEL,
            AIM_ACCELERATOR_TYPE="cpu",
            HF_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            PYTHONPATH=str(FAKE_ENGINE),
        )
        with serving(tmp_path, env) as service:
            connection, _ = silent.accept()
            with connection:
                time.sleep(delay_s)
                assert service.stop(timeout_s=3) == 0
        assert service.said.rstrip().endswith("stopped")


def test_stopped_while_another_process_fetches(tmp_path: Path) -> None:
    lock = tmp_path / "models/.aim/locks/acme--tiny"
    lock.parent.mkdir(parents=True)
    env = environment(tmp_path, AIM_MODEL_ID=MODEL, AIM_ACCELERATOR_TYPE="cpu", PYTHONPATH=str(FAKE_ENGINE))
    lock.write_bytes(Owner.me("acme/tiny").write())  # of this process, which lives
    with serving(tmp_path, env) as service:
        service.wait_until_said("another process is fetching", 20)
        assert service.stop(timeout_s=3) == 0
    assert lock.exists()


def test_stopped_at_any_moment(env: dict[str, str], tmp_path: Path) -> None:
    """From the first line to long after ready: always a clean end, and nothing left."""
    for number in range(12):
        folder = tmp_path / str(number)
        folder.mkdir()
        started = {**env, "FAKE_ENGINE_RECORD": str(folder / "record.json")}
        with serving(folder, started) as service:
            service.wait_until_said("starting vllm", 20)
            time.sleep(number * 0.07)
            assert service.stop(timeout_s=10) == 0
        if (folder / "record.json").exists():
            assert gone(record(started)["pids"])
