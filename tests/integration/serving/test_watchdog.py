"""The watchdog in front of an engine that is a program of its own, and changes how it does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from aim_runtime.engines import ENGINES
from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.launch import Argument, Launch, Layer
from aim_runtime.engines.listeners import connected
from aim_runtime.serving import clients, watchdog
from aim_runtime.serving.life import Life, View
from aim_runtime.serving.watchdog import Watchdog
from aim_runtime.vocabulary import Phase
from running import FAKE_ENGINE, free_port

STALL_S = 1.0


@dataclass
class Watched:
    """A stand-in for an engine under the watchdog's eyes."""

    switch: Path
    port: int
    life: Life
    said: list[str]
    process: subprocess.Popen[bytes]

    def turns(self, how: str) -> None:
        whole = self.switch.with_suffix(".new")
        whole.write_text(how)
        whole.rename(self.switch)

    def until(self, true: Callable[[View], bool], within_s: float = 15) -> View:
        deadline = time.monotonic() + within_s
        while not true(view := self.life.view()):
            assert time.monotonic() < deadline, f"not within {within_s} s: {view}"
            time.sleep(0.02)
        return view

    def never(self, true: Callable[[View], bool], for_s: float) -> None:
        deadline = time.monotonic() + for_s
        while time.monotonic() < deadline:
            view = self.life.view()
            assert not true(view), view
            time.sleep(0.02)


@contextmanager
def watched(folder: Path, how: str, path: str = "/health") -> Iterator[Watched]:
    port, life, said = free_port(), Life(), []
    switch = folder / "switch"
    switch.write_text(how)
    command = (sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--port", str(port))
    named = Argument("served-model-name", ["acme/tiny"], Layer.RUNTIME)
    launch = Launch((*command, "--served-model-name", "acme/tiny"), (), (named,), path, port)
    told = {"FAKE_ENGINE_SWITCH": str(switch), "FAKE_ENGINE_RECORD": str(folder / "record.json")}
    env = {**os.environ, "PYTHONPATH": str(FAKE_ENGINE), **told}
    with (folder / "engine.txt").open("wb") as output:
        process = subprocess.Popen(
            launch.command, env=env, start_new_session=True, stdout=output, stderr=output
        )
    try:
        listens(port)
        engine, sees = ENGINES["vllm"], partial(connected, Path("/"))
        with Watchdog(engine, launch, Endpoint(port), life, STALL_S, sees, said.append):
            yield Watched(switch, port, life, said, process)
        assert not any(each.name == "watchdog" for each in threading.enumerate())
        assert not life.view().answers
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def listens(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            time.sleep(0.2)  # until then its health is bad
            return
    raise AssertionError("the stand-in does not listen")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "HELD_S", 0.5)


@contextmanager
def a_client_waits(port: int) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        yield


def stalled(view: View) -> bool:
    return view.stalled_s >= STALL_S


def test_tokens_that_stand_still_and_move_again(tmp_path: Path) -> None:
    with watched(tmp_path, "stall") as engine:
        view = engine.until(lambda view: view.stalled_s >= 2 * STALL_S)
        assert view.answers, "its HTTP server says that all is well"
        assert view.load
        assert (view.load.running, view.kv_tokens) == (3, 16_000)
        engine.turns("saturated")
        engine.until(lambda view: view.stalled_s == 0)
    assert [each.partition(" for ")[0] for each in engine.said] == [
        "the engine has made no progress",
        "the engine makes progress again",
    ]
    assert "(3 running, 0 waiting)" in engine.said[0]


@pytest.mark.parametrize("how", ["saturated", "idle", "flap", "stale", "blank"])
def test_what_is_no_stall(how: str, tmp_path: Path) -> None:
    with watched(tmp_path, how) as engine, a_client_waits(engine.port):
        engine.never(lambda view: stalled(view) or not view.answers, 1.6 * STALL_S)
        if how == "saturated":
            assert engine.life.view().load
    statistics = [each for each in engine.said if "keeps no statistics" in each]
    assert len(statistics) == (how == "blank"), "said once"
    assert engine.said == statistics


def test_a_stall_that_the_engines_metrics_do_not_show(tmp_path: Path) -> None:
    with watched(tmp_path, "frozen") as engine:
        engine.never(stalled, 1.2 * STALL_S)  # nobody waits
        with a_client_waits(engine.port):
            engine.until(stalled)
            assert "(0 running, 0 waiting)" in engine.said[0]
            engine.turns("stale")
            engine.until(lambda view: view.stalled_s == 0)


def test_a_stall_without_metrics(tmp_path: Path) -> None:
    with watched(tmp_path, "blank frozen") as engine:
        with a_client_waits(engine.port):
            engine.never(stalled, 1.6 * STALL_S)  # it has not worked yet, and may compile
            engine.turns("blank")
            time.sleep(STALL_S / 2)  # for one probe
        engine.turns("blank frozen")
        with a_client_waits(engine.port):
            engine.until(stalled)
        assert "(clients waiting)" in engine.said[-1]


def test_an_engine_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_ANSWER_S", 0.5)
    with watched(tmp_path, "idle") as engine:
        engine.until(lambda view: view.load is not None)
        engine.turns("mute")
        engine.until(lambda view: not view.answers)
        engine.until(stalled)
        engine.turns("idle")
        engine.until(lambda view: view.answers and not view.stalled_s)
    assert engine.said[0] == "the engine does not answer: not ready"
    assert {"the engine answers again", "the engine makes progress again"} == set(engine.said[2:])


def test_an_engine_that_is_gone_or_says_that_it_is_dead(tmp_path: Path) -> None:
    with watched(tmp_path, "idle") as engine:
        engine.until(lambda view: view.load is not None)
        engine.process.kill()
        engine.until(lambda view: not view.answers)


def test_one_that_is_drained_may_keep_silent(tmp_path: Path) -> None:
    with watched(tmp_path, "idle") as engine:
        engine.life.enter(Phase.DRAINING)
        engine.process.kill()
        engine.until(lambda view: not view.answers)
    assert engine.said == []


def test_ends_at_once_while_the_engine_keeps_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "_ANSWER_S", 30)
    with watched(tmp_path, "stall") as engine:
        engine.until(stalled)  # so a probe is under way
        engine.turns("mute")
        time.sleep(0.5)
        began = time.monotonic()
    assert time.monotonic() - began < 3
