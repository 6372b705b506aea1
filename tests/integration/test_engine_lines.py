"""From an engine's output to stderr: the log as a user sees it, and as its reference page has it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.cli import output
from aim_runtime.cli.log import Log
from aim_runtime.engines.vllm_log import read
from aim_runtime.serving.engine_log import EngineLog
from aim_runtime.serving.life import Life
from aim_runtime.settings import Settings
from aim_runtime.vocabulary import Phase
from running import FAKE_ENGINE, free_port

LOGS = Path(__file__).parents[1] / "unit/engines/logs"
PAGE = Path(__file__).parents[2] / "docs/reference/log.md"
ASCTIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"


def written(lines: Iterable[str], life: Life, *, form: str = "text", level: str | None = None) -> None:
    """Let the log take the lines of an engine that is starting."""
    settings = Settings(log_format=form, log_level_root=level)
    life.enter(Phase.STARTING)
    with Log(settings) as log:
        engine_log = EngineLog(log.engine, life, output.redact)
        for line in lines:
            engine_log.line(read(line))
        engine_log.end()


def engine_says(log: str) -> list[str]:
    """What the stand-in prints of a log before it answers."""
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--port", str(free_port())]
    env = {
        **os.environ,
        "PYTHONPATH": str(FAKE_ENGINE),
        "FAKE_ENGINE_LOG": str(LOGS / log),
        "FAKE_ENGINE": "crash",
    }
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode().split("\n")


@pytest.mark.parametrize("log", sorted(path.name for path in LOGS.iterdir()))
def test_every_line_has_the_shape(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    life, said = Life(), engine_says(log)
    written(said, life)
    text = capsys.readouterr().err.splitlines()
    assert len(text) > 10
    assert all(re.match(rf"{ASCTIME} - [\w.-]+ - [A-Z]+ - .", line) for line in text)
    assert "PLANTED" not in "".join(text).upper()
    assert not re.search("[\r\x1b]", "".join(text))
    assert (life.view().phase, life.view().percent) == (Phase.WARMING, None)
    written(said, Life(), form="json")
    objects = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(objects) == len(text)
    assert all(list(each)[:4] == ["asctime", "name", "level", "message"] for each in objects)
    assert {key for each in objects for key in each} <= set(documented())


def test_a_quiet_log_shows_what_matters(capsys: pytest.CaptureFixture[str]) -> None:
    life = Life()
    written(engine_says("vllm-0.32-cpu-eager.log"), life, level="WARNING")
    said = capsys.readouterr().err
    assert "libtcmalloc is not found" in said
    assert " - INFO - " not in said
    assert life.view().phase is Phase.WARMING


def documented() -> list[str]:
    """The keys that the page names."""
    return re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)


def test_the_page_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    engine, text, objects = (
        block.splitlines() for block in re.findall(r"```\w+\n(.*?)\n```", PAGE.read_text(), re.DOTALL)
    )
    written(engine, Life())
    assert [without_time(line) for line in capsys.readouterr().err.splitlines()] == [
        without_time(line) for line in text
    ]
    written(engine, Life(), form="json")
    found = [timeless(line) for line in capsys.readouterr().err.splitlines()]
    assert found == [timeless(line) for line in objects]


def without_time(line: str) -> str:
    return re.sub(rf"^{ASCTIME}", "", line)


def timeless(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    assert re.fullmatch(ASCTIME, found.pop("asctime"))
    return found
