"""`aim-runtime benchmark` against the stand-in, with the load generators as they are."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving_support import MODEL, children, fake_environment, gone, within

from aim_runtime.bench.result import Benchmark, from_json
from integration.terminal import on_terminal
from running import AIM, FAKE_ENGINE, alive, environment, free_port, run
from tiny_tokenizer import write_tiny_tokenizer

KEY = "sk-planted-4711"


def asked(folder: Path, *args: str) -> list[str]:
    return ["benchmark", "--output-dir", str(folder / "out"), *args]


def result(folder: Path) -> Benchmark:
    return from_json(json.loads((folder / "out" / "benchmark_results.json").read_text()))


def own_service(folder: Path, how: str) -> dict[str, str]:
    """The environment of a service that the command starts; its engine is the stand-in."""
    env = fake_environment(folder, FAKE_ENGINE=how, VLLM_API_KEY=KEY)
    write_tiny_tokenizer(folder / "models" / MODEL)
    return env


@contextmanager
def engine(folder: Path, how: str) -> Iterator[str]:
    """The stand-in alone, and its URL: nothing of ours runs it."""
    port, env = free_port(), environment(folder, PYTHONPATH=str(FAKE_ENGINE), FAKE_ENGINE=how)
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--port", str(port)]
    command += ["--served-model-name", MODEL, "--model", str(write_tiny_tokenizer(folder / "weights"))]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert within(20, lambda: _answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    """Whether it is ready: its port answers before."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5).close()
    except OSError:
        return False
    return True


def test_a_service_is_started_measured_and_ended(tmp_path: Path) -> None:
    env = own_service(tmp_path, "load")
    args = asked(tmp_path, "--point", "32/16x4:12", "--generator", "guidellm", "--slo", "ttft_p90_ms<=5000")
    done = run(*args, env=env, timeout_s=120)
    assert done.returncode == 0, done.stderr
    head, line = done.stdout.splitlines()
    assert head.startswith("Point")
    assert line.startswith("32/16 x 4")
    found = result(tmp_path)
    assert found.ok
    assert (found.model, found.profile_id) == (MODEL, "general/vllm-cpu-bf16-tp1-latency")
    assert (found.engine, found.generator, found.suite) == ("vllm 0.32.0", "guidellm", "points")
    assert found.started_s
    [point] = found.points
    assert len(point.samples) == 12
    assert {each.output_tokens for each in point.samples} == {16}
    # The stand-in takes 2 ms for a token.
    assert point.tpot
    assert 0.0015 < point.tpot.p50 < 0.05
    assert point.ttft
    assert point.ttft.p50 < point.e2e.p50 if point.e2e else False
    [row] = csv.DictReader((tmp_path / "out" / "benchmark_results.csv").read_text().splitlines())
    assert row["success"] == "true"
    assert float(row["goodput_per_s"]) > 0
    written = [path.read_text() for path in (tmp_path / "out").iterdir()]
    assert not any(KEY in text for text in (*written, done.stdout, done.stderr))
    pids = json.loads((tmp_path / "record.json").read_text())["pids"]
    assert gone(pids)


@pytest.mark.engine
def test_a_service_that_dies_fails_its_point_and_keeps_the_others(tmp_path: Path) -> None:
    points = ("--point", "32/16x1:4", "--point", "32/16x2:20", "--point", "32/16x4")
    with engine(tmp_path, "load-dies") as url:
        args = asked(tmp_path, "--service-url", url, *points, "--generator", "vllm", "--format", "ci")
        done = run(*args, env=environment(tmp_path), timeout_s=180)
    assert done.returncode == 7, done.stderr
    assert "2 of 3 points failed" in done.stderr
    assert "Traceback" not in done.stderr
    said = json.loads(done.stdout)
    assert [each["success"] for each in said["checks"]] == [True, False, False]
    first, second, third = result(tmp_path).points
    # The engine's generator has the time of every chunk.
    assert [len(each.itl_s) for each in first.samples] == [15] * 4
    assert first.itl
    assert 0.0015 < first.itl.p50 < 0.05
    assert sum(second.errors.values()) + len(second.samples) == 20
    assert set(second.errors) <= {"broken_off", "refused"}
    assert third.errors == {"refused": 40}


def test_requests_that_fail_are_counted_and_fail_the_point(tmp_path: Path) -> None:
    with engine(tmp_path, "load-fails") as url:
        args = asked(tmp_path, "--service-url", url, "--point", "32/16x2:12", "--generator", "guidellm")
        code, said = on_terminal([AIM, *args], environment(tmp_path), columns=160)
    assert code == 7, said
    assert re.search(r"point 1 of 1, 32/16 x 2 ━+ +0/12 warming up", said), "a bar is drawn"
    assert "1 of 1 points failed: 32/16 x 2: 4 of 12 http_500" in said
    assert "its log says why" in said
    [point] = result(tmp_path).points
    assert len(point.samples) == 8
    assert point.errors == {"http_500": 4}


def test_an_interruption_writes_what_was_measured_and_leaves_nothing(tmp_path: Path) -> None:
    env = own_service(tmp_path, "load") | {"FAKE_ENGINE_TOKEN_S": "0.02"}
    points = ("--point", "8/4x2:4", "--point", "8/100x1:1000")
    command = [str(AIM), *asked(tmp_path, *points, "--generator", "guidellm")]
    log = tmp_path / "stderr"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors)
    try:
        assert within(90, lambda: "point 2 of 2" in log.read_text())
        assert within(30, lambda: any(map(_generates, _descendants(process.pid))))
        ours = _descendants(process.pid)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, log.read_text()
    assert "stopped: 1 of 2 points were measured" in log.read_text()
    assert len(out.splitlines()) == 2
    assert [each.point.name for each in result(tmp_path).points] == ["8/4 x 2"]
    assert gone(ours)


def _descendants(pid: int) -> list[int]:
    found = [each for each in children(pid) if alive(each)]
    return [*found, *(below for each in found for below in _descendants(each))]


def test_an_interruption_waits_for_no_answer(tmp_path: Path) -> None:
    env = own_service(tmp_path, "load") | {"FAKE_ENGINE_TOKEN_S": "5"}
    log = tmp_path / "stderr"
    with log.open("wb") as errors:
        process = subprocess.Popen([AIM, *asked(tmp_path, "--point", "32/16x2:4")], env=env, stderr=errors)
    try:
        assert within(30, lambda: "warming up" in log.read_text())
        ours = _descendants(process.pid)
        process.terminate()
        assert process.wait(30) == 130
    finally:
        process.kill()
    assert "stopped before anything was measured" in log.read_text()
    assert ours
    assert gone(ours)


def _generates(pid: int) -> bool:
    try:
        return b"guidellm" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_no_such_service(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run(*asked(tmp_path, "--service-url", url), env=environment(tmp_path))
    assert done.returncode == 7
    assert f"nothing answers at {url}/v1/models" in done.stderr
    assert not (tmp_path / "out" / "benchmark_results.json").exists()


def test_a_failed_start_has_its_own_exit_code(tmp_path: Path) -> None:
    done = run(*asked(tmp_path, "--suite", "smoke"), env=own_service(tmp_path, "crash"))
    assert done.returncode == 6, done.stderr
    assert "RuntimeError: no good" in done.stderr


def test_no_tokenizer_is_told_with_what_to_do(tmp_path: Path) -> None:
    with engine(tmp_path, "load") as url:
        for path in (tmp_path / "weights").iterdir():
            path.unlink()
        done = run(*asked(tmp_path, "--service-url", url), env=environment(tmp_path))
        assert done.returncode == 2
        assert f"no tokenizer of {MODEL} is known on this machine" in done.stderr
        assert "--tokenizer FOLDER" in done.stderr
        args = asked(tmp_path, "--service-url", url, "--tokenizer", str(tmp_path / "weights"))
        done = run(*args, env=environment(tmp_path))
        assert done.returncode == 2
        assert "has no tokenizer" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--suite", "smoek"], "smoek is not a suite; did you mean smoke"),
        (["--point", "256-128x8"], "256-128x8 is not a point of load"),
        (["--suite", "smoke", "--point", "1/2x3"], "exclude each other"),
        (["--slo", "ttft<=5"], "--slo: ttft is not a figure"),
        (["--config", "nonesuch.yaml"], "does not exist"),
        (["--timeout-seconds", "0"], "--timeout-seconds"),
        (["--service-url", "localhost:8000"], "is not the URL of a service"),
    ],
)
def test_wrong_usage_is_refused(tmp_path: Path, args: list[str], said: str) -> None:
    done = run(*asked(tmp_path, *args), env=environment(tmp_path))
    assert done.returncode == 2
    assert said in done.stderr


def test_a_folder_that_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    args = asked(tmp_path / "out", "--suite", "smoke")
    done = run(*args, env=own_service(tmp_path, "load"))
    assert done.returncode == 2
    assert "out cannot be written" in done.stderr
