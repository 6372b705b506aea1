"""When work stands still: scripted looks at an engine, by a clock of our own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aim_runtime.engines.load import Load
from aim_runtime.serving.progress import FIRST_S, Progress, Steady

IDLE = Load(0, 0, 100, 100)
BUSY = Load(3, 0, 100, 100, kv_usage=0.1)
FULL = Load(8, 500, 100, 100, kv_usage=1.0)
NEW = Load(0, 0, 0, 0)

# One look every ten seconds: what the engine said, and for how long it stands still by then.
SCRIPTS: dict[str, list[tuple[Load | None, float]]] = {
    "nothing to do": [(IDLE, 0), (IDLE, 0), (IDLE, 0)],
    "tokens stand still": [(BUSY, 0), (BUSY, 10), (BUSY, 20)],
    "they stand still after work, and move again": [
        (IDLE, 0),
        (BUSY, 0),
        (replace(BUSY, generated_tokens=101), 0),
        (replace(BUSY, generated_tokens=101), 10),
        (replace(BUSY, generated_tokens=102), 0),
    ],
    "only a queue, and nothing of it is taken": [(IDLE, 0), (replace(IDLE, waiting=2), 0)]
    + [(replace(IDLE, waiting=2), 10.0 * time) for time in (1, 2)],
    "saturated: the longest queue, and tokens move": [
        (replace(FULL, generated_tokens=100 + each), 0) for each in range(5)
    ],
    "a long prompt in pieces: only the KV cache fills": [
        (replace(BUSY, kv_usage=0.1 * each), 0) for each in range(5)
    ],
    "a prompt alone": [
        (BUSY, 0),
        (replace(BUSY, prompt_tokens=900), 0),
        (replace(BUSY, prompt_tokens=900), 10),
    ],
    "requests only end": [(BUSY, 0), (replace(BUSY, running=2, finished=1), 0)],
    "cut off by all clients": [(BUSY, 0), (BUSY, 10), (IDLE, 0), (IDLE, 0)],
    "it does not say for a while": [(BUSY, 0), (None, 10), (None, 20), (BUSY, 30)],
    "it did not say for a while, and has moved": [(BUSY, 0), (None, 10), (replace(BUSY, finished=1), 0)],
    "it never says": [(None, 0), (None, 0)],
    "the counters start anew": [
        (BUSY, 0),
        (BUSY, 10),
        (replace(BUSY, prompt_tokens=1, generated_tokens=1), 0),
    ],
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_scripts(script: list[tuple[Load | None, float]]) -> None:
    progress = Progress(1000)
    for number, (load, still_s) in enumerate(script):
        now = 1000.0 + 10 * number
        progress.saw(now, load)
        assert progress.still_s(now) == still_s, number
        assert progress.stalled_s(now) == still_s, number


def test_the_first_work_may_take_minutes() -> None:
    progress = Progress(0)
    progress.saw(0, NEW)
    progress.saw(1, replace(NEW, running=1))
    for now in (60, FIRST_S, FIRST_S + 1):
        progress.saw(now, replace(NEW, running=1))
        assert progress.stalled_s(now) == 0
        assert progress.still_s(now) == now - 1
    progress.saw(FIRST_S + 61, replace(NEW, running=1))
    assert progress.stalled_s(FIRST_S + 61) == 60


def test_after_the_first_token_there_is_no_more_patience() -> None:
    progress = Progress(0)
    progress.saw(0, NEW)
    progress.saw(90, replace(NEW, running=1, prompt_tokens=4))
    progress.saw(120, replace(NEW, running=1, prompt_tokens=4))
    assert progress.stalled_s(120) == 30


def test_clients_that_the_engine_does_not_know_of_wait() -> None:
    progress = Progress(0)
    progress.saw(0, IDLE)
    progress.saw(10, IDLE, held=True)
    assert progress.stalled_s(10) == 10
    progress.saw(20, IDLE)
    assert progress.stalled_s(20) == 0, "they gave up"


@pytest.mark.parametrize("load", [BUSY, None])
def test_work_that_was_asked_for_and_done_is_progress(load: Load | None) -> None:
    """Also of an engine whose numbers are out of date, or that has none."""
    progress = Progress(0)
    for now in (0, 10, 20):
        progress.saw(now, load, held=True)
    progress.worked(20)
    assert progress.still_s(20) == 0
    progress.saw(30, load, held=True)
    assert progress.stalled_s(30) == 10


@pytest.mark.parametrize(
    ("looks", "values"),
    [
        ("yyyy", "yyyy"),
        ("ynyn", "yyyy"),
        ("ynny", "yynn"),
        ("nnyy", "ynny"),
        ("nnyn", "ynnn"),
    ],
)
def test_one_look_alone_changes_nothing(looks: str, values: str) -> None:
    steady = Steady(True)
    found = ""
    for look in looks:
        before = steady.value
        assert steady.saw(look == "y") is (steady.value is not before)
        found += "y" if steady.value else "n"
    assert found == values
