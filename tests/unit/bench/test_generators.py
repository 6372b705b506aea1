"""Which generator is taken, what it is told, and how what it says of failures is counted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from aim_runtime.bench.generators import GENERATORS, choose
from aim_runtime.bench.generators.failures import Failures, fix_of, kind_of
from aim_runtime.bench.generators.generator import Done, Job
from aim_runtime.bench.sample import Sample
from aim_runtime.bench.workload import Point
from aim_runtime.errors import InvalidValue, ToolMissing
from aim_runtime.service.target import Service

KEY = "sk-planted-0815"


def job(folder: Path, point: Point) -> Job:
    return Job(Service("http://127.0.0.1:8000", "acme/tiny"), point, "folder", folder, 7)


def test_what_is_not_installed_is_told_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    assert choose().name == "guidellm"
    with pytest.raises(ToolMissing, match="vllm is not installed"):
        choose("vllm")
    monkeypatch.setitem(sys.modules, "guidellm", None)
    with pytest.raises(ToolMissing) as missing:
        choose()
    assert missing.value.hint == "pip install 'aim-runtime[bench]'"
    with pytest.raises(InvalidValue, match="wrk is not a load generator"):
        choose("wrk")


@pytest.mark.parametrize("name", GENERATORS)
def test_a_key_is_told_by_the_environment_only(tmp_path: Path, name: str) -> None:
    generator = GENERATORS[name]
    assert KEY in generator.environment(KEY).values()
    assert KEY not in " ".join(generator.command(job(tmp_path, Point(32, 16, 4, concurrency=2))))
    assert not any(KEY in path.read_text() for path in tmp_path.iterdir())


def engine_in(folder: Path, monkeypatch: pytest.MonkeyPatch, *, rust: bool) -> None:
    """A vLLM with its load generator in a folder that is looked into first."""
    (folder / "vllm" / "benchmarks").mkdir(parents=True)
    for name in ("__init__.py", "benchmarks/__init__.py", "benchmarks/serve.py"):
        (folder / "vllm" / name).touch()
    if rust:
        (folder / "vllm" / "vllm-rs").touch(0o755)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "vllm", raising=False)


def test_what_is_started_often_is_the_one_that_starts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_in(tmp_path / "with", monkeypatch, rust=True)
    assert choose().name == "vllm"
    chosen = choose(quick=True)
    assert chosen.name == "vllm-rs"
    asked = job(tmp_path, Point(32, 16, 4, concurrency=2))
    assert chosen.command(asked)[:3] == [str(tmp_path / "with" / "vllm" / "vllm-rs"), "bench", "serve"]
    assert chosen.command(asked)[3:] == choose("vllm").command(asked)[3:]
    engine_in(tmp_path / "without", monkeypatch, rust=False)
    assert choose(quick=True).name == "vllm"
    with pytest.raises(ToolMissing, match="vllm-rs is not installed"):
        choose("vllm-rs")


def test_a_rate_is_random_arrivals(tmp_path: Path) -> None:
    asked = job(tmp_path, Point(32, 16, 4, rate=0.5))
    command = " ".join(GENERATORS["vllm"].command(asked))
    assert "--request-rate 0.5" in command
    assert "--max-concurrency" not in command
    GENERATORS["guidellm"].command(asked)
    spec = json.loads((tmp_path / "scenario.json").read_text())["spec"]
    assert spec["profile"] == {"kind": "poisson", "rate": [0.5]}


@pytest.mark.parametrize(
    ("name", "line", "done"),
    [
        ("vllm", " 31%|███▏      | 5/16 [00:00<00:00, 25.48it/s]", Done(5)),
        ("vllm", "  0%|          | 0/16 [00:00<?, ?it/s]", Done(0)),
        ("vllm", "Traffic request rate: inf", None),
        (
            "guidellm",
            "update | elapsed=4.6s | successful=16 errored=2 incomplete=3 | requests/s",
            Done(18, 2),
        ),
        ("guidellm", "✔ Finalizer resolved", None),
        ("vllm-rs", " 31%|███▏      | 5/16 [00:00<00:00, 25.48it/s]", None),
    ],
)
def test_progress_is_read_from_what_it_prints(name: str, line: str, done: Done | None) -> None:
    assert GENERATORS[name].done(line) == done


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("Bad Request", "http_400"),
        ("Internal Server Error", "http_500"),
        ("HTTPStatusError: Server error '503 Service Unavailable' for url 'http://x'", "http_503"),
        ("Traceback\naiohttp.client_exceptions.ServerDisconnectedError: Server disconnected", "broken_off"),
        ("aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host 127.0.0.1:1", "refused"),
        ("httpx.ConnectError: All connection attempts failed", "refused"),
        ("httpx.ReadTimeout", "timeout"),
        ('HTTP 400 Bad Request: {"error": "too long"}', "http_400"),
        ("client error (SendRequest)\n Caused by: connection closed before message completed", "broken_off"),
        ("client error (Connect)\n Caused by: tcp connect error: Connection refused", "refused"),
        ("Never received a valid chunk to calculate TTFT.", "other"),
    ],
)
def test_failures_have_kinds_and_each_kind_a_remedy(error: str, kind: str) -> None:
    assert kind_of(error) == kind
    assert fix_of(kind)


def test_every_request_is_accounted_for() -> None:
    failures = Failures(Point(32, 16, 6, concurrency=2))
    failures.add("Internal Server Error")
    failures.add("Internal Server Error")
    assert failures.short(8)
    assert not failures.short(16)
    measured = failures.measured([Sample(32, 16, 0.1, 0.2)], [(5.0, 5.2)])
    assert measured.errors == {"http_500": 2, "missing": 2, "short_answer": 1}
    assert measured.reasons["short_answer"] == "8 tokens instead of 16"
    assert measured.seconds == pytest.approx(0.2)
    assert not measured.ok
