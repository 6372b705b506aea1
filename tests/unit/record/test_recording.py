"""The file of a run: written whole, at the right moments, and never a reason to fail."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aim_runtime.engines.failure import Failure
from aim_runtime.errors import EngineExited
from aim_runtime.models.events import Notice
from aim_runtime.record.recording import Recording, recording
from aim_runtime.record.shelf import KEPT, Shelf
from aim_runtime.record.text import read
from aim_runtime.record.values import Attempt, Record, State
from aim_runtime.serving.life import Attempt as Start
from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import Phase
from unit.record.records import environment, plan, record


class Said(list[str]):
    def __call__(self, notice: Notice) -> None:
        self.append(notice.text)


def a_run(tmp_path: Path, said: Said, life: Life | None = None, **more: str) -> Recording:
    environ = environment(tmp_path, **{"AIM_RECORD_PATH": str(tmp_path / "run.json"), **more})
    return recording(plan(environ), life or Life(), environ, said)


def written(tmp_path: Path) -> Record:
    return read(tmp_path / "run.json")


def test_written_at_the_start_when_ready_and_at_the_end(tmp_path: Path) -> None:
    said, life = Said(), Life()
    with a_run(tmp_path, said, life) as run:
        started = written(tmp_path)
        assert (started.outcome.state, started.outcome.ready_after_s) == (State.STARTING, None)
        life.enter(Phase.LOADING)
        run.ready()
        ready = written(tmp_path)
        assert ready.outcome.state == "running"
        assert [each.phase for each in ready.outcome.stages] == ["surveying", "loading weights"]
    ended = written(tmp_path)
    assert ended.outcome.state == "stopped"
    assert ended.outcome.ready_after_s == ready.outcome.ready_after_s
    assert (ended.outcome.ended_after_s or 0) >= (ended.outcome.ready_after_s or 1)
    assert started.id == ready.id == ended.id
    assert said == []
    assert sorted(each.name for each in tmp_path.iterdir()) == ["profiles", "run.json"]


def test_a_failure_is_in_the_record(tmp_path: Path) -> None:
    with pytest.raises(EngineExited), a_run(tmp_path, Said()):
        raise EngineExited("the engine ended with exit code 3")
    outcome = written(tmp_path).outcome
    assert (outcome.state, outcome.code, outcome.message) == (
        *("failed", "engine.exited", "the engine ended with exit code 3"),
    )


def test_what_the_classifier_says_counts_before_the_exit(tmp_path: Path) -> None:
    failure = Failure("engine.out_of_memory", "it needs 3 GiB more", "set less")
    life = Life()
    life.change(attempts=(Start("fast", failure, "retry"),))
    run = a_run(tmp_path, Said(), life)
    life.change(failure=failure)
    with pytest.raises(EngineExited), run:
        raise EngineExited("the engine ended with exit code 1")
    outcome = written(tmp_path).outcome
    assert (outcome.code, outcome.message) == (failure.code, failure.message)
    assert outcome.attempts == [
        Attempt(profile="fast", code=failure.code, message=failure.message, next_step="retry")
    ]


def test_a_secret_in_a_message_is_hidden(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineExited),
        a_run(tmp_path, Said(), HF_TOKEN="hf_of-mine") as _,
    ):
        raise EngineExited("refused hf_of-mine")
    assert written(tmp_path).outcome.message == "refused ***"


class Signal(BaseException):
    """As serve's Stopped is: not an error."""


def test_a_stop_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(Signal), a_run(tmp_path, Said()):
        raise Signal
    assert written(tmp_path).outcome.state == "stopped"


def test_a_place_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    said = Said()
    with a_run(tmp_path, said, AIM_RECORD_PATH=str(tmp_path / "file" / "runs")) as run:
        run.ready()
    place = tmp_path / "file" / "runs"
    assert said == [f"no record of this run is kept in {place}: a part of the path is a file, not a folder"]


def test_a_secret_that_is_a_word_of_the_record_leaves_none(tmp_path: Path) -> None:
    said = Said()
    with a_run(tmp_path, said, VLLM_API_KEY="latency"):
        pass
    assert said == [f"no record of this run is kept in {tmp_path}: a secret cannot be hidden"]
    assert not (tmp_path / "run.json").exists()


def test_none_is_asked_for(tmp_path: Path) -> None:
    with a_run(tmp_path, Said(), AIM_RECORD_PATH="") as run:
        run.ready()
    assert not list(tmp_path.rglob("*.json"))


def test_another_plan_on_the_way(tmp_path: Path) -> None:
    with a_run(tmp_path, Said()) as run:
        run.now(replace(run.plan, settings=replace(run.plan.settings, extra_args=("--max-num-seqs", "2"))))
        assert written(tmp_path).given == ["--max-num-seqs", "2"]


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_names_of_records(tmp_path: Path) -> None:
    found = Shelf.of(tmp_path / "runs", "acme/mödel 1", NOON, "0badcafe")
    assert found.path == tmp_path / "runs/20261125T120000Z-acme--m_del_1-0badcafe.json"
    assert Shelf.of(tmp_path / "x.json", "acme/model", NOON, "0").path == tmp_path / "x.json"
    (tmp_path / "y.json").mkdir()
    assert Shelf.of(tmp_path / "y.json", "a/b", NOON, "0badcafe").folder == tmp_path / "y.json"


def test_a_folder_keeps_the_newest(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    value = record(environment(tmp_path))
    for hour in range(KEPT + 3):
        shelf = Shelf.of(tmp_path, "acme/model", NOON.replace(day=1 + hour), f"{hour:08x}")
        shelf.put(value)
        shelf.tidy()
    names = sorted(each.name for each in tmp_path.glob("*.json"))
    assert names[-1] == "mine.json"
    assert len(names) == KEPT + 1
    assert names[0].startswith("20261104T120000Z")


def test_the_oldest_run_that_goes_on_keeps_its_record(tmp_path: Path) -> None:
    value = record(environment(tmp_path))
    oldest = Shelf.of(tmp_path, "acme/model", NOON.replace(year=2020), "00000000")
    for hour in range(KEPT + 1):
        Shelf.of(tmp_path, "acme/model", NOON.replace(hour=hour), f"{hour:08x}").put(value)
    oldest.put(value)
    oldest.tidy()
    assert oldest.path.exists()


def test_what_is_half_written_is_not_seen(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "run.json", None)
    shelf.put(record(environment(tmp_path)))
    before = shelf.path.read_bytes()
    shelf.path.with_name(f".run.json.{os.getpid()}.tmp").mkdir()  # nothing can be written beside it
    with pytest.raises(OSError, match="directory"):
        shelf.put(record(environment(tmp_path), "--max-num-seqs", "2"))
    assert shelf.path.read_bytes() == before
