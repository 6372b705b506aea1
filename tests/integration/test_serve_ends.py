"""How a service ends: requests in flight are waited for, and nothing is left, whatever was killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from aim_runtime.engines.launch import Launch
from aim_runtime.engines.process import EngineProcess
from aim_runtime.errors import EngineExited
from aim_runtime.models import manifest
from integration.serving_support import (
    Streams,
    children,
    fake_environment,
    gone,
    record,
    within,
)
from running import AIM, alive, free_port, run, serving


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return fake_environment(tmp_path)


@pytest.mark.parametrize("how", ["streams", "streams-blank"])
def test_none_of_fifty_streams_is_cut(how: str, env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": how}) as service:
        service.wait_until_said("ready after", 20)
        streams = Streams(service.port, clients=50, tokens=60)
        assert service.stop() == 0
        assert streams.whole == [True] * 50
        assert gone(record(env)["pids"])
    if how == "streams":
        assert re.search(r"\d+ requests in flight: the end waits for it, 60 s at most", service.said)


def test_what_arrives_while_it_drains_is_answered(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "streams"}) as service:
        service.wait_until_said("ready after", 20)
        first = Streams(service.port, clients=1, tokens=40)
        service.process.send_signal(signal.SIGTERM)
        service.wait_until_said("in flight", 10)
        late = Streams(service.port, clients=3, tokens=40)
        assert first.whole == [True]
        assert late.whole == [True] * 3
        assert service.process.wait(20) == 0


def test_in_kubernetes_requests_still_arrive_after_the_signal(env: dict[str, str], tmp_path: Path) -> None:
    env = {**env, "FAKE_ENGINE": "streams", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "AIM_DRAIN_SECONDS": "3"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)  # it has nothing to do, and stays
        late = Streams(service.port, clients=1, tokens=10)
        assert late.whole == [True]
        assert service.process.wait(20) == 0


@pytest.mark.parametrize("how", ["streams", "streams-blank"])
def test_streams_longer_than_the_drain_are_cut(how: str, env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": how, "AIM_DRAIN_SECONDS": "1.5"}) as service:
        service.wait_until_said("ready after", 20)
        streams = Streams(service.port, clients=5, tokens=2000)
        began = time.monotonic()
        assert service.stop() == 143
        assert time.monotonic() - began < 8
        assert streams.whole == [False] * 5
        assert gone(record(env)["pids"])
    assert "Traceback" not in service.said


@pytest.mark.parametrize(("first", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_cuts_at_once(first: int, code: int, env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "streams"}) as service:
        service.wait_until_said("ready after", 20)
        streams = Streams(service.port, clients=2, tokens=2000)
        service.process.send_signal(first)
        service.wait_until_said("in flight", 10)
        began = time.monotonic()
        assert service.stop() == code
        assert time.monotonic() - began < 3
        assert streams.whole == [False] * 2
        assert gone(record(env)["pids"])


def test_a_second_signal_ends_a_deaf_engine_that_loads(env: dict[str, str], tmp_path: Path) -> None:
    # Deaf and slow to be ready is what an engine is in the middle of a kernel's compilation.
    env = {**env, "FAKE_ENGINE": "deaf", "AIM_ENGINE_ARGS": "{}"}
    with serving(tmp_path, env) as service:
        pids = record(env)["pids"]
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        assert service.process.poll() is None
        assert service.stop() == 143
        assert gone(pids)


@pytest.mark.parametrize("victim", ["runtime", "keeper", "engine"])
@pytest.mark.parametrize("how", ["strays", "slow"])
def test_kill_9_leaves_nothing(victim: str, how: str, env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": how}) as service:
        pids = record(env)["pids"]
        if how == "strays":
            service.wait_until_said("ready after", 20)
            assert len(pids) == 4
        (keeper,) = children(service.process.pid)
        assert all(map(alive, [keeper, *pids]))
        os.kill({"runtime": service.process.pid, "keeper": keeper, "engine": pids[0]}[victim], signal.SIGKILL)
        assert service.process.wait(20) == (-signal.SIGKILL if victim == "runtime" else 6)
        assert gone([keeper, *pids])
    if victim != "runtime":
        assert "signal SIGKILL" in service.said


def test_a_deaf_engine_of_a_runtime_that_was_killed_ends_too(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "deaf"}) as service:
        service.wait_until_said("ready after", 20)
        pids = [*children(service.process.pid), *record(env)["pids"]]
        service.process.kill()
        assert gone(pids, seconds=20)


def test_a_worker_that_is_killed_is_the_engines_affair(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        os.kill(record(env)["pids"][1], signal.SIGKILL)
        time.sleep(0.3)
        assert service.process.poll() is None
        assert service.stop() == 0


def test_as_the_first_process_of_a_container_it_reaps(env: dict[str, str], tmp_path: Path) -> None:
    """What another left there is waited for, and all ends with it."""
    namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to make a PID namespace")
    port, log = free_port(), tmp_path / "log"
    env = {**env, "FAKE_ENGINE": "strays", "AIM_PORT": str(port)}
    with log.open("wb") as errors:
        process = subprocess.Popen([*namespace, AIM, "serve"], env=env, stderr=errors)
    try:
        assert within(20, lambda: "ready after" in log.read_text()), log.read_text()
        (first,) = children(process.pid)
        # As `kubectl exec` does: a process from outside, whose parent ends before it.
        leaves = (
            "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(.2)'])"
        )
        command = ["nsenter", "--target", str(first), "--pid", "--mount", sys.executable, "-c", leaves]
        subprocess.run(command, check=True)
        time.sleep(0.5)
        assert within(5, lambda: len(children(first)) == 1), "nothing but the keeper, no zombie either"
        os.kill(first, signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_the_port_is_bound_only_by_an_engine_that_can_answer(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "crash"}) as service:
        while service.process.poll() is None:
            with pytest.raises(ConnectionRefusedError):
                HTTPConnection("127.0.0.1", service.port, timeout=1).connect()
            time.sleep(0.05)


def test_an_engine_that_is_never_ready(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "hang", "AIM_READY_SECONDS": "1.5"}) as service:
        assert service.process.wait(30) == 6
        assert "not ready within AIM_READY_SECONDS=1.5" in service.said
        assert "error: the engine did not become ready" in service.said
        assert gone(record(env)["pids"])


def test_a_command_that_cannot_be_started(tmp_path: Path) -> None:
    script = tmp_path / "vllm"
    script.write_text("#!/nowhere/python\n")  # installed by an interpreter that is gone
    script.chmod(0o755)
    with pytest.raises(EngineExited, match=f"cannot be started: {script}: No such file"):
        EngineProcess(Launch((str(script), "serve"), (), (), "/health", 1), {})


def test_a_flood_of_output_stops_nobody(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "FAKE_ENGINE": "flood"}) as service:
        service.wait_until_said("ready after", 60)
        status = Path(f"/proc/{service.process.pid}/status").read_text()
        peak = re.search(r"VmHWM:\s+(\d+)", status)
        assert peak is not None
        assert int(peak[1]) < 110 * 1024, "what was said is not kept"
        assert service.stop() == 0
    assert "000001 xxx" in service.said


def test_a_log_that_nobody_reads_does_not_stop_the_engine(env: dict[str, str]) -> None:
    port = free_port()
    reads, writes = os.pipe()
    env = {**env, "FAKE_ENGINE": "flood", "AIM_PORT": str(port)}
    process = subprocess.Popen([AIM, "serve"], env=env, stderr=writes)
    try:
        pids = record(env)["pids"]  # written after the flood
    finally:
        process.kill()
        process.wait()
        os.close(reads)
        os.close(writes)
    assert gone(pids)


def test_exec_becomes_the_engine(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, env, "--exec", "--", "--max-num-seqs", "3") as service:
        pids = record(env)["pids"]
        assert pids[0] == service.process.pid
        assert "this process becomes vllm" in service.said
        assert "nothing watches it" in service.said
        argv = record(env)["argv"]
        assert argv[argv.index("--max-num-seqs") + 1] == "3"
        time.sleep(0.5)
        assert service.get("/v1/models")
        os.kill(pids[1], signal.SIGKILL)
        assert service.stop() == -signal.SIGTERM
        assert service.stdout.read_bytes() == b""


def test_exec_of_damaged_weights_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "models/acme/tiny"
    manifest.seal(folder, "hf://acme/tiny", "abc", lambda event: None)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"oops")
    done = run(
        "serve", "--exec", env={**env, "AIM_PORT": str(free_port()), "HF_ENDPOINT": "http://127.0.0.1:1"}
    )
    assert done.returncode == 5
    assert "is damaged" in done.stderr
    assert not Path(env["FAKE_ENGINE_RECORD"]).exists()
