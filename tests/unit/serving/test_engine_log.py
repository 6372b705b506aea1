"""Lines of the engine become lines of the log and steps of a start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from aim_runtime.engines.output_line import OutputLine
from aim_runtime.engines.vllm_log import read
from aim_runtime.redact import hide
from aim_runtime.serving.engine_log import EngineLog
from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import Phase

LOGS = Path(__file__).parents[1] / "engines/logs"
START = [Phase.SURVEYING, Phase.STARTING]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """An EngineLog, its clock, and what it wrote."""

    def __init__(self, level: str = "INFO") -> None:
        self.records: list[logging.LogRecord] = []
        logger = logging.Logger("engine", level)
        logger.addHandler(_Kept(self.records))
        self.life, self.clock = Life(), Clock()
        self.log = EngineLog(logger, self.life, lambda text: hide(text, ["planted-secret"]), self.clock)
        self.life.enter(Phase.STARTING)

    def take(self, *texts: str) -> list[OutputLine]:
        return [self.log.line(read(text)) for text in texts]

    @property
    def said(self) -> list[str]:
        return [record.getMessage() for record in self.records]


class _Kept(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.emit = records.append  # type: ignore[method-assign]


def info(message: str, process: str = "") -> str:
    return f"{process}INFO 11-25 12:00:00 [core.py:1] {message}"


@pytest.mark.parametrize(
    ("name", "phases"),
    [
        ("vllm-0.32-cpu-eager.log", [Phase.LOADING, Phase.WARMING]),
        ("vllm-0.32-cpu-compiled.log", [Phase.LOADING, Phase.COMPILING, Phase.WARMING]),
        ("vllm-0.9-gpu.log", [Phase.LOADING, Phase.COMPILING, Phase.CAPTURING, Phase.WARMING]),
        ("vllm-0.11-rocm.log", [Phase.LOADING, Phase.COMPILING, Phase.CAPTURING, Phase.WARMING]),
    ],
)
def test_the_phases_of_a_start(name: str, phases: list[Phase]) -> None:
    desk = Desk()
    desk.take(*(LOGS / name).read_bytes().decode().split("\n"))
    assert [stage.phase for stage in desk.life.view().stages] == START + phases
    assert desk.life.view().kv_tokens in (46592, 1229616, 610816)


def test_phases_never_go_back_but_in_a_second_start() -> None:
    desk = Desk()
    shards = "Loading safetensors checkpoint shards:  50% Completed | 1/2 [00:01<00:01,  1.2s/it]"
    desk.take(info("Starting to load model a..."), info("torch.compile takes 1 s in total"), shards)
    assert (desk.life.view().phase, desk.life.view().percent) == (Phase.COMPILING, None)
    desk.life.enter(Phase.READY)
    desk.take(info("Capturing CUDA graphs"), info("init engine (profile"))
    assert desk.life.view().phase is Phase.READY
    desk.log.end()
    desk.life.enter(Phase.STARTING)
    desk.take(shards)
    assert (desk.life.view().phase, desk.life.view().percent) == (Phase.LOADING, 50)


def test_what_one_start_leaves_out_another_may_do() -> None:
    desk = Desk()
    configuration = info("Initializing a V1 LLM engine with config: enforce_eager=True")
    loading, kv = info("Starting to load model a..."), info("GPU KV cache size: 1,234 tokens")
    desk.take(configuration, loading, kv)
    assert desk.life.view().phase is Phase.WARMING
    desk.log.end()
    desk.life.enter(Phase.STARTING)
    desk.take(loading, kv)
    assert desk.life.view().phase is Phase.LOADING, "graphs may still come"


def test_a_bar_is_a_line_every_ten_seconds() -> None:
    desk = Desk()
    for percent in range(0, 100, 5):
        desk.take(f"Capturing CUDA graphs (FULL): {percent}%|█ | {percent}/100 [00:02<00:05]")
        desk.clock.now += 1
    assert desk.said == ["Capturing CUDA graphs (FULL): 50 %"]
    assert desk.records[0].__dict__["fields"] == {"phase": "capturing graphs", "percent": 50}
    assert desk.life.view().percent == 95


def test_repeats_are_counted() -> None:
    desk = Desk()
    for number in range(20):
        desk.take(f'INFO:     10.0.0.7:{number} - "POST /v1/completions HTTP/1.1" 200 OK')
    assert len(desk.said) == 5
    desk.clock.now += 10
    desk.log.tick()
    assert len(desk.said) == 6
    assert desk.said[-1].startswith("repeated 15 times in the last 10 s, with other numbers: 10.0.0.7:0 - ")
    assert desk.records[-1].__dict__["fields"] == {"repeated": 15}
    desk.log.tick()
    assert len(desk.said) == 6
    desk.take('INFO:     10.0.0.7:9 - "POST /v1/completions HTTP/1.1" 200 OK')
    assert len(desk.said) == 7


def test_the_end_tells_what_was_left_out() -> None:
    desk = Desk()
    desk.take(*[info(f"number {number}") for number in range(7)])
    desk.log.end()
    assert desk.said[-1] == "repeated 2 times in the last 10 s, with other numbers: number 0"


@pytest.mark.parametrize(
    "line",
    [
        lambda number: f"ERROR 11-25 12:00:00 [core.py:1] failed {number}",
        lambda number: f"CRITICAL 11-25 12:00:00 [core.py:1] failed {number}",
        lambda number: f"ValueError: {number}",
        lambda number: info(f"Added request cmpl-b018cacd7880eeb6-{number}."),
    ],
)
def test_what_is_never_left_out(line: Callable[[int], str]) -> None:
    desk = Desk()
    desk.take(*[line(number) for number in range(12)])
    assert len(desk.said) == 12


def test_a_traceback_is_an_error_to_its_end() -> None:
    desk = Desk()
    frames = [f'  File "a.py", line {number}, in f' for number in range(9)]
    lines = ["Traceback (most recent call last):", *frames, "    raise ValueError", "ValueError: no", "later"]
    kept = desk.take(*lines[:4], info("another process", "(Worker pid=1) "), *lines[4:])
    assert [line.level for line in kept if line.message in lines[:-1]] == ["ERROR"] * 12
    assert [record.levelname for record in desk.records] == ["ERROR"] * 4 + ["INFO"] + ["ERROR"] * 8 + [
        "INFO"
    ]


def test_what_goes_on_with_a_line_that_is_left_out_is_left_out_too() -> None:
    desk = Desk()
    for number in range(8):
        desk.take(f"/a/b.py:{number}: UserWarning: old", "  warnings.warn(")
    assert len(desk.said) == 10
    assert {record.levelname for record in desk.records} == {"WARNING"}


@pytest.mark.parametrize(("level", "count"), [("DEBUG", 4), ("INFO", 3), ("WARNING", 2), ("ERROR", 1)])
def test_level(level: str, count: int) -> None:
    desk = Desk(level)
    desk.take(*[f"{word} 11-25 12:00:00 [a.py:1] b" for word in ("DEBUG", "INFO", "WARNING", "ERROR")])
    assert len(desk.said) == count


def test_a_quiet_log_still_follows_the_start() -> None:
    desk = Desk("CRITICAL")
    desk.take(info("Starting to load model a..."))
    assert (desk.said, desk.life.view().phase) == ([], Phase.LOADING)


def test_a_line_keeps_no_secret() -> None:
    desk = Desk()
    (kept,) = desk.take(info("non-default args: {'api_key': ['sk-0123456789']} planted-secret"))
    assert "planted" not in kept.text + kept.message + desk.said[0]
    assert "sk-0" not in kept.text + kept.message + desk.said[0]


def test_facts_of_a_line() -> None:
    desk = Desk()
    desk.take(info("Added request cmpl-b018cacd7880eeb6-0.", "(Worker_TP1 pid=1) "), "", "(Worker pid=1) ")
    (record,) = desk.records
    assert record.name == "vllm.core"
    assert record.__dict__["fields"] == {"request_id": "cmpl-b018cacd7880eeb6-0", "process": "Worker_TP1"}
