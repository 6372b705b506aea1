"""How a service of the real vLLM ends: a stream under way is not cut, and what is killed leaves nothing."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from openai import OpenAI

from aim_runtime.engines.keeper import descendants
from engine.conftest import READY_WITHIN_S, Running
from integration.serving_support import gone
from running import SMOLLM2, free_port, serving

pytestmark = pytest.mark.engine
TOKENS = 32


def rss_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def test_a_stream_is_not_cut_by_a_sigterm(smollm2: Running, tmp_path: Path) -> None:
    env = {**smollm2.env, "AIM_PORT": str(free_port()), "AIM_DRAIN_SECONDS": "110"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        runtime = service.process.pid
        keeper = int(Path(f"/proc/{runtime}/task/{runtime}/children").read_text())
        assert rss_kib(runtime) + rss_kib(keeper) < 60 * 1024
        everything = descendants(runtime)
        pieces: list[str] = []
        finished: list[str | None] = []
        begun = threading.Event()

        def read(client: OpenAI, tokens: int) -> None:
            stream = client.completions.create(
                model=SMOLLM2,
                prompt="Once upon a time",
                max_tokens=tokens,
                temperature=0,
                stream=True,
                extra_body={"ignore_eos": True},
            )
            for chunk in stream:
                pieces.append(chunk.choices[0].text)
                finished.append(chunk.choices[0].finish_reason)
                begun.set()

        with OpenAI(base_url=f"{service.url}/v1", api_key="none", timeout=120, max_retries=0) as client:
            first = threading.Thread(target=read, args=(client, TOKENS))
            first.start()
            assert begun.wait(60)
            service.process.send_signal(signal.SIGTERM)
            service.wait_until_said("in flight", 20)
            begun.clear()
            late = threading.Thread(target=read, args=(client, 5))
            late.start()
            for thread in (first, late):
                thread.join(120)
        assert service.process.wait(60) == 0
        assert len(pieces) == TOKENS + 5
        assert [each for each in finished if each] == ["length", "length"]
        assert gone(everything)


def test_kill_9_of_the_runtime_leaves_no_process(smollm2: Running, tmp_path: Path) -> None:
    env = {**smollm2.env, "AIM_PORT": str(free_port()), "VLLM_ENABLE_V1_MULTIPROCESSING": "1"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("Initializing a V1 LLM engine", READY_WITHIN_S)  # in its own process
        everything = descendants(service.process.pid)
        assert len(everything) >= 3
        os.kill(service.process.pid, signal.SIGKILL)
        assert gone(everything, 20)


def test_kill_9_of_the_engines_core_is_told(smollm2: Running, tmp_path: Path) -> None:
    env = {**smollm2.env, "AIM_PORT": str(free_port()), "VLLM_ENABLE_V1_MULTIPROCESSING": "1"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", READY_WITHIN_S)
        everything = descendants(service.process.pid)
        (core,) = (pid for pid in everything if command_name(pid).startswith("VLLM::EngineCor"))
        os.kill(core, signal.SIGKILL)
        assert service.process.wait(60) == 6
        assert gone(everything, 20)
        assert "error: the engine's core process" in service.said


def command_name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text()
