"""What supervision costs: requests to `aim-runtime serve` against plain vLLM with the same arguments.

    python benchmarks/overhead.py MODEL_CACHE [ROUNDS]

Both serve SmolLM2 from the cache on the CPU, started at the same time; the plain one with the command and
the environment that `aim-runtime dry-run --format json` prints. Only one gets requests at a time, in turn
and first and second by turns: 8 clients, 32 streamed requests of 64 tokens. Prints for throughput, time to
first token and CPU time of all of a service's processes the medians and the median ratio to plain vLLM with
its spread over the rounds; and the memory and CPU time of the supervisor's own processes. The load comes
from the same cores: no other work should run there; what does is seen in the spread of all but CPU time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from asking import ask
from services import AIM, cpu_s, descendants, environment, free_port, name, plain, pss, rss, started

CLIENTS, REQUESTS, TOKENS = 8, 32, 64
BODY = {"max_tokens": TOKENS, "min_tokens": TOKENS}
TARGET_BYTES = 60_000_000


@dataclass(frozen=True)
class Served:
    """A service that runs: its port and the process that was started."""

    port: int
    pid: int

    def measure(self) -> dict[str, float]:
        """One figure of each kind."""
        before = used(descendants(self.pid))
        figures = asyncio.run(load(self.port))
        seconds = used(descendants(self.pid)) - before
        return {**figures, "CPU, s/1000 tokens": seconds / (REQUESTS * TOKENS) * 1000}


def used(pids: list[int]) -> float:
    return sum(map(cpu_s, pids))


async def load(port: int) -> dict[str, float]:
    """Throughput and time to first token."""
    answers, seconds = await ask(port, BODY, CLIENTS, REQUESTS)
    for answer in answers:
        if answer.usage != TOKENS:
            sys.exit(f"asked for {TOKENS} tokens: {answer}")
    firsts = [answer.ttft_s for answer in answers]
    return {"tokens/s": REQUESTS * TOKENS / seconds, "TTFT p50, s": statistics.median(firsts)}


def main(cache: Path, rounds: int) -> None:
    ours, theirs = free_port(), free_port()
    env = environment(cache, ours, AIM_MANAGEMENT_PORT=str(free_port()))
    command, plain_env = plain(environment(cache, theirs))
    found: dict[str, list[dict[str, float]]] = {"serve": [], "plain": []}
    with (
        tempfile.TemporaryDirectory() as logs,
        started(command, plain_env, Path(logs, "plain.txt")) as plain_pid,
        started([AIM, "serve"], env, Path(logs, "serve.txt")) as pid,
    ):
        services = {"serve": Served(ours, pid), "plain": Served(theirs, plain_pid)}
        for service in services.values():
            service.measure()  # the first requests warm the engine
        supervisors = [each for each in descendants(pid) if name(each) == "aim-runtime"]
        before, began = used(supervisors), time.perf_counter()
        for number in range(rounds):
            for which in sorted(services, reverse=number % 2 == 0):
                found[which].append(services[which].measure())
                print(f"round {number + 1}, {which}: {found[which][-1]}", file=sys.stderr, flush=True)
        share = (used(supervisors) - before) / (time.perf_counter() - began)
        sizes = [sum(map(size, supervisors)) / 1e6 for size in (pss, rss)]
    for figure in found["serve"][0]:
        pairs = [(mine[figure], its[figure]) for mine, its in zip(*found.values(), strict=True)]
        ratios = [mine / its for mine, its in pairs]
        middle, base = (statistics.median(values) for values in zip(*pairs, strict=True))
        spread = f"x {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        print(f"{figure:18} serve {middle:9.3f}   plain {base:9.3f}   {spread}")
    print(f"supervisor {len(supervisors)} processes, {share:.2%} of one core")
    print(f"  {sizes[0]:.1f} MB PSS, {sizes[1]:.1f} MB RSS", end="")
    print(f" (target under {TARGET_BYTES / 1e6:.0f} MB)")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
