"""One round of one contender: started, asked, watched, ended."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

from asking import Answer, ask
from services import descendants, free_port, pss, started

from peers.contenders import Contender

LOOK_EVERY_S = 1.0


class PeakMemory:
    """The most memory that the processes below this one have had together within the block."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            _, *others = descendants(os.getpid())
            self.peak_bytes = max(self.peak_bytes, sum(map(pss, others)))

    def __enter__(self) -> PeakMemory:
        self._watch.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._watch.join()


def measure(contender: Contender, cache: Path, tokens: int) -> dict[str, float]:
    """Every figure of one round."""
    port = free_port()
    command, env = contender.start(cache, port)
    with tempfile.TemporaryDirectory() as logs, PeakMemory() as memory:
        log = Path(logs, "log.txt")
        began = time.perf_counter()
        try:
            with started(command, env, log):
                ready = time.perf_counter() - began
                first = (
                    time.perf_counter() - began + load(contender, port, 1, 1, tokens)["clients_1_ttft_p50_s"]
                )
                figures = {"start_to_ready_s": ready, "start_to_first_token_s": first}
                for clients, requests in contender.points.items():
                    figures |= load(contender, port, clients, requests, tokens)
        except SystemExit:
            print("".join(log.read_text(errors="replace").splitlines(keepends=True)[-5:]), file=sys.stderr)
            raise
    return {**figures, "peak_memory_bytes": memory.peak_bytes}


def load(contender: Contender, port: int, clients: int, requests: int, tokens: int) -> dict[str, float]:
    """The figures of one point; every answer has to have all its tokens."""
    answers, seconds = asyncio.run(ask(port, contender.body, clients, requests))
    for answer in answers:
        if answer.status != 200 or answer.usage != tokens or not answer.chunks:
            sys.exit(f"{contender.name}: {tokens} tokens were asked for: {answer}")
    return point(clients, answers, seconds)


def point(clients: int, answers: list[Answer], seconds: float) -> dict[str, float]:
    return {
        f"clients_{clients}_tokens_per_s": sum(answer.usage or 0 for answer in answers) / seconds,
        f"clients_{clients}_ttft_p50_s": statistics.median(answer.ttft_s for answer in answers),
        f"clients_{clients}_tpot_p50_s": statistics.median(answer.tpot_s for answer in answers),
    }
