"""What a line of vLLM's output says, line by line and for whole logs of four versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm_log import read
from aim_runtime.vocabulary import Phase

LOGS = Path(__file__).with_name("logs")


def lines(name: str) -> Iterator[OutputLine]:
    """The lines of a log, without the words about it at its head."""
    text = (LOGS / name).read_bytes().decode()
    yield from (read(line) for line in text.split("\n") if not line.startswith("# "))


COLOURED = (
    "\x1b[0;36m(Worker pid=5)\x1b[0;0m \x1b[31mERROR\x1b[0m "
    "\x1b[90m07-01 10:00:00\x1b[0m \x1b[90m[a.py:1]\x1b[0m no"
)
AT = "11-25 12:00:00"
OBJECT = '{"levelname": "ERROR", "name": "a.b", "processName": "W", "message": "no"}'
# Text; level, name, process, message.
SHAPES = [
    (f"INFO {AT} [core.py:77] hello", "INFO", "vllm.core", None, "hello"),
    (f"(EngineCore_DP0 pid=1) WARNING {AT} [a.py:7] b", "WARNING", "vllm.a", "EngineCore_DP0", "b"),
    (f"(VllmWorker rank=1 pid=4) ERROR {AT} [x.py:1]   File", "ERROR", "vllm.x", "VllmWorker_1", "  File"),
    (f"(RayWorker pid=4, ip=10.0.0.1) INFO {AT} [x.py:1] a", "INFO", "vllm.x", "RayWorker", "a"),
    (f"DEBUG {AT} [v1/engine/core.py:1] a", "DEBUG", "vllm.core", None, "a"),
    (f"INFO {AT} [__init__.py:1] a", "INFO", "vllm", None, "a"),
    (f"(Worker_TP0 pid=3) INFO {AT} [a.py:1] \r", "INFO", "vllm.a", "Worker_TP0", ""),
    (COLOURED, "ERROR", "vllm.a", "Worker", "no"),
    ("INFO:     Started server process [4]", "INFO", "uvicorn", None, "Started server process [4]"),
    ("(APIServer pid=1) ERROR:    no", "ERROR", "uvicorn", "APIServer", "no"),
    ("W1125 12:37:34.978000 4323 torch/_library/triton.py:53] no", "WARNING", "triton", None, "no"),
    ("[rank0]:[W1125 12:37:34.97 ProcessGroupNCCL.cpp:69] no", "WARNING", "ProcessGroupNCCL", "rank0", "no"),
    ("[rank1]: ValueError: no", "ERROR", "engine", "rank1", "ValueError: no"),
    ("host:12:34 [0] NCCL INFO Bootstrap : Using eth0", "INFO", "NCCL", None, "Bootstrap : Using eth0"),
    ("host:12:34 [3] NCCL WARN no", "WARNING", "NCCL", None, "no"),
    ("[aiter] import [m]", "INFO", "aiter", None, "import [m]"),
    ("[2025-11-08 17:15:02] WARNING core.py:353: no", "WARNING", "core", None, "no"),
    (
        "2026-03-08 16:44:29,692 - INFO - tuner.py:2 - flashinfer.jit: on",
        "INFO",
        "flashinfer.jit",
        None,
        "on",
    ),
    ("2026-03-08 16:44:29,692 - ray.worker - ERROR - no", "ERROR", "ray.worker", None, "no"),
    (OBJECT, "ERROR", "a.b", "W", "no"),
    ('{"level": "warn", "msg": "no"}', "WARNING", "engine", None, "no"),
    ('{"neither": 1}', "INFO", "engine", None, '{"neither": 1}'),
    ("{not json}", "INFO", "engine", None, "{not json}"),
    ("Traceback (most recent call last):", "ERROR", "engine", None, "Traceback (most recent call last):"),
    ("torch.OutOfMemoryError: no", "ERROR", "engine", None, "torch.OutOfMemoryError: no"),
    ("/x/y.py:12: UserWarning: no", "WARNING", "engine", None, "/x/y.py:12: UserWarning: no"),
    ("", "INFO", "engine", None, ""),
    ("(Worker_TP0 pid=34322) ", "INFO", "engine", "Worker_TP0", ""),
]


@pytest.mark.parametrize(
    ("text", "level", "name", "process", "message"), SHAPES, ids=[row[0] for row in SHAPES]
)
def test_shape(text: str, level: str, name: str, process: str | None, message: str) -> None:
    found = read(text)
    assert (found.level, found.name, found.message) == (level, name, message)
    assert (found.text, found.process) == (text, process)


@pytest.mark.parametrize("text", ["  File 'a.py', line 1", "    ^^^^", "\traise"])
def test_what_goes_on(text: str) -> None:
    assert read(text).continues
    assert not read(f"INFO 11-25 12:00:00 [core.py:77] {text}").continues


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('INFO:     127.0.0.1:3 - "GET /health HTTP/1.1" 200 OK', "DEBUG"),
        ('INFO:     10.0.0.1:3 - "GET /metrics?x=1 HTTP/1.1" 200 OK', "DEBUG"),
        ('INFO:     127.0.0.1:3 - "GET /health HTTP/1.1" 503 Service Unavailable', "INFO"),
        ('INFO:     127.0.0.1:3 - "POST /v1/completions HTTP/1.1" 200 OK', "INFO"),
    ],
)
def test_a_probe_that_was_answered_is_no_news(text: str, level: str) -> None:
    assert (read(text).level, read(text).name) == (level, "uvicorn.access")


@pytest.mark.parametrize(
    ("message", "request_id"),
    [
        (
            "Received request chatcmpl-9c689afd51c40c89: params: SamplingParams(n=1)",
            "chatcmpl-9c689afd51c40c89",
        ),
        ("Added request cmpl-b018cacd7880eeb6-0.", "cmpl-b018cacd7880eeb6-0"),
        ("Aborted request(s) cmpl-b018cacd7880eeb6-0-9d0aac05.", "cmpl-b018cacd7880eeb6-0-9d0aac05"),
        ("Request embd-0123456789ab failed.", "embd-0123456789ab"),
        ("a request that is late", None),
        ("request-level settings", None),
        ("Maximum concurrency for 512 tokens per request: 91.00x", None),
    ],
)
def test_request(message: str, request_id: str | None) -> None:
    assert read(f"INFO 11-25 12:00:00 [a.py:1] {message}").request_id == request_id


LOADING = "Loading safetensors checkpoint shards: "
GRAPHS = "Capturing CUDA graph shapes: "
# Text; phase, percent.
BARS = [
    (f"{LOADING} 50% Completed | 1/2 [00:01<00:01,  1.2s/it]", Phase.LOADING, 50),
    (f"\r{LOADING}100% Completed | 2/2 [00:01<00:00, 1.2s/it]\r", Phase.LOADING, 100),
    ("Loading pt checkpoint shards:   7% Completed | 1/15 [00:00<?, ?it/s]", Phase.LOADING, 7),
    ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  33%|█ | 22/67 [0", Phase.CAPTURING, 33),
    (f"{GRAPHS}  1%|  | 1/67 [a\r{GRAPHS}  3%|  | 2/67 [b", Phase.CAPTURING, 3),
    ("Capturing prefill CUDA graphs (FULL): 100%|██| 1/1 [00:00<00:00, 78.84it/s]", Phase.CAPTURING, 100),
    ("DeepGEMM warmup:  10%|█ | 10/100 [00:02<00:05]", Phase.WARMING, 10),
    ("model.safetensors:  10%|█ | 1.2G/12.0G [00:02<00:05]", None, 10),
]


@pytest.mark.parametrize(("text", "phase", "percent"), BARS, ids=[row[0][:40] for row in BARS])
def test_bar(text: str, phase: Phase | None, percent: float) -> None:
    found = read(text)
    assert (found.phase, found.percent) == (phase, percent)
    assert found.message.endswith(f": {percent} %")


def test_a_log_line_behind_a_bar() -> None:
    found = read(f"{GRAPHS}  0%| | 0/11 [00:00<?](Worker_TP1 pid=2) INFO 04-24 08:27:56 [a.py:1] b")
    assert (found.name, found.process, found.message) == ("vllm.a", "Worker_TP1", "b")
    assert (found.phase, found.percent) == (Phase.CAPTURING, None)


@pytest.mark.parametrize(
    "text", ["usage: 50% | more", "GPU KV cache usage: 4.5%, Prefix cache hit rate: 0.0%"]
)
def test_no_bar(text: str) -> None:
    assert read(text).percent is None


@pytest.mark.parametrize("device", ["GPU", "CPU", "GPU + host"])
def test_kv_tokens(device: str) -> None:
    found = read(f"INFO 11-25 12:00:00 [kv_cache_utils.py:1] {device} KV cache size: 1,234,567 tokens, more")
    assert (found.kv_tokens, found.phase) == (1234567, Phase.WARMING)


START = "INFO 11-25 12:00:00 [core.py:1] Initializing a V1 LLM engine (v0) with config: model='a', "


@pytest.mark.parametrize(
    ("configuration", "skips"),
    [
        ("enforce_eager=True, device_config=cuda", {Phase.COMPILING, Phase.CAPTURING}),
        ("enforce_eager=False, device_config=cuda", set()),
        ("enforce_eager=False, device_config=cpu", {Phase.CAPTURING}),
        ("compilation_config={'mode': <CompilationMode.NONE: 0>", {Phase.COMPILING}),
        ("compilation_config={'cudagraph_mode': <CUDAGraphMode.NONE: 0>, 'mode': 3", {Phase.CAPTURING}),
        ('compilation_config={"level":0,"use_cudagraph":false', {Phase.COMPILING, Phase.CAPTURING}),
    ],
)
def test_what_the_configuration_leaves_out(configuration: str, skips: set[Phase]) -> None:
    assert set(read(START + configuration).skips) == skips


def test_only_the_configuration_leaves_out() -> None:
    assert read("INFO 11-25 12:00:00 [a.py:1] try enforce_eager=True").skips == ()


@pytest.mark.parametrize("how", ["eager", "compiled"])
def test_all_of_a_recorded_log_is_understood(how: str) -> None:
    found = list(lines(f"vllm-0.32-cpu-{how}.log"))
    unknown = [line for line in found if not line.known and line.name == "engine" and line.message.strip()]
    # Libraries that write what they like: a warning's path or a sentence, and how Python goes on with it.
    foreign = ("/opt/rocm/lib/", "Unable to find libamd_smi.so", "/venv/", "/usr/lib/")
    assert all(line.continues or line.message.startswith(foreign) for line in unknown)
    assert {line.process for line in found if line.known} >= {"APIServer", "EngineCore", "Worker"}
    assert [line.kv_tokens for line in found if line.kv_tokens] == [46592]
    assert sum(line.level == "DEBUG" for line in found) == 2  # its health and metrics were asked for
    assert {line.request_id for line in found} >= (
        {"chatcmpl-9c689afd51c40c89"} if how == "compiled" else {None}
    )
