"""Truth about the real engine: what it says under load, when it is stuck, and after a while of saturation."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from openai import APIConnectionError, OpenAI

from aim_runtime.engines import ENGINES
from aim_runtime.engines.endpoint import Endpoint
from aim_runtime.engines.launch import Argument, Launch, Layer
from aim_runtime.engines.listeners import connected
from aim_runtime.serving import clients
from aim_runtime.serving.life import Life, View
from aim_runtime.serving.watchdog import Watchdog
from engine.conftest import READY_WITHIN_S, Running
from running import SMOLLM2, Service, serving

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from soak import report, soak

pytestmark = pytest.mark.engine
STALL_S = 4.0
AT_A_TIME = 8


@dataclass(frozen=True)
class Watched:
    """A service, with a watchdog of our own in front of its engine."""

    service: Service
    life: Life
    said: list[str]

    def client(self) -> OpenAI:
        return OpenAI(base_url=f"{self.service.url}/v1", api_key="none", timeout=120, max_retries=0)

    def until(self, true: Callable[[View], bool], within_s: float = 60) -> View:
        deadline = time.monotonic() + within_s
        while not true(view := self.life.view()):
            assert time.monotonic() < deadline, f"not within {within_s} s: {view}"
            time.sleep(0.1)
        return view

    @property
    def core(self) -> int:
        """The process in which the engine works; its HTTP server is another."""
        waiting = [self.service.process.pid]
        for pid in waiting:
            if Path(f"/proc/{pid}/comm").read_text().startswith("VLLM::EngineCor"):
                return pid
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        raise AssertionError("the engine works in its HTTP server's process")


@pytest.fixture(scope="module")
def watched(smollm2: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    home = tmp_path_factory.mktemp("watched")
    env = {**smollm2.env, "HOME": str(home), "VLLM_CPU_KVCACHE_SPACE": "1", "AIM_MANAGEMENT_PORT": ""}
    with serving(home, env, "--", "--max-num-seqs", str(AT_A_TIME)) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        named = Argument("served-model-name", [SMOLLM2], Layer.RUNTIME)
        launch = Launch((), (), (named,), "/health", service.port)
        life, said = Life(), list[str]()
        sees = partial(connected, Path("/"))
        with Watchdog(ENGINES["vllm"], launch, Endpoint(service.port), life, STALL_S, sees, said.append):
            yield Watched(service, life, said)


@contextmanager
def a_long_answer(watched: Watched) -> Iterator[None]:
    """A request under way, which the client leaves at the end of the block."""
    with watched.client() as client:
        messages = [{"role": "user", "content": "Count to one thousand."}]
        more = {"ignore_eos": True}
        answer = client.chat.completions.create(
            model=SMOLLM2, messages=messages, max_tokens=4000, stream=True, extra_body=more
        )
        next(iter(answer))
        yield
        answer.close()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_its_numbers_move_under_load(watched: Watched) -> None:
    with a_long_answer(watched):
        first = watched.until(lambda view: bool(view.load and view.load.running)).load
        assert first
        then = watched.until(lambda view: view.load != first).load
        assert then
    assert then.generated_tokens > first.generated_tokens
    assert then.tpot_sum_s
    assert then.ttft_sum_s
    assert (then.running, then.waiting, then.ttft_count) == (1, 0, first.ttft_count)
    assert then.kv_usage
    assert first.kv_tokens == watched.life.view().kv_tokens
    assert first.kv_tokens
    assert first.kv_tokens > 10_000  # 1 GiB, of 23 kB a token
    watched.until(lambda view: bool(view.load and not view.load.running))


def test_a_frozen_engine_is_stalled_and_well_again(watched: Watched) -> None:
    with a_long_answer(watched):
        with frozen(watched.core):
            view = watched.until(lambda view: view.stalled_s >= 2 * STALL_S)
            assert view.answers, "its HTTP server goes on saying that all is well"
            assert watched.service.get("/health") == b""
        watched.until(lambda view: view.stalled_s == 0)
    assert watched.said[-2].startswith("the engine has made no progress for ")
    assert watched.said[-1] == "the engine makes progress again"


def test_one_that_froze_before_the_request_does_not_know_of_it(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "HELD_S", 6)  # it keeps connections for 5 s
    watched.until(lambda view: bool(view.load and not view.load.running))
    with frozen(watched.core):
        with pytest.raises(APIConnectionError), watched.client() as client:
            client.completions.create(model=SMOLLM2, prompt="x", max_tokens=1, timeout=6 + 2 * STALL_S)
        view = watched.life.view()
        assert view.load
        assert view.load.running + view.load.waiting == 0
        assert view.stalled_s >= STALL_S
    watched.until(lambda view: view.stalled_s == 0)


def test_a_short_soak_accounts_for_every_response(watched: Watched) -> None:
    said = len(watched.said)
    seconds, port = 15.0, watched.service.port
    ready, pid = [f"{watched.service.url}/health"], watched.service.process.pid
    tally, extra = asyncio.run(soak(port, ready, pid, seconds, 3 * AT_A_TIME))
    assert report(tally, extra, seconds), tally.lost
    assert min(tally.ended[how] for how in ("completed", "refused", "cut by the client")) > 0
    assert watched.said[said:] == [], "saturation is no stall"
