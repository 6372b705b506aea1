"""Saturates a service for a while: is every response accounted for, and does memory stay flat?

    python benchmarks/soak.py MODEL_CACHE [SECONDS [STREAMS]]

Serves SmolLM2 from the cache on the CPU with room for 8 requests at a time (max-num-seqs), and keeps
STREAMS clients (24) busy for SECONDS (300): most read a streamed answer to its end, one in five hangs up
in the middle, one in ten asks for something wrong. Every request must end as what it is, with the tokens
it asked for; the engine's counters must tell of as many; the service must answer that it is ready all the
while; and no process may grow over the second half. Prints what it found; the exit code is 1 where any of
that is not so.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from asking import stream
from services import AIM, descendants, environment, free_port, name, rss, started

AT_A_TIME = 8
TOKENS = (8, 96)
# What the engine refuses, and how.
WRONG: tuple[tuple[dict[str, Any], int], ...] = (
    ({"model": "no/such-model"}, 404),
    ({"max_tokens": -1}, 400),
    ({"max_tokens": 10_000_000}, 400),
    ({"messages": "none"}, 400),
    ({"temperature": "hot"}, 400),
)
# More a minute in the second half is a leak: at this rate 100 MB take more than half a day.
GROWTH_BYTES_PER_MINUTE = 2_000_000
SAMPLE_S = 1.0


@dataclass
class Tally:
    """What became of the requests, and what was wrong with any."""

    ended: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    ttfts_s: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, list[tuple[float, int]]] = field(default_factory=dict)


async def one(client: httpx.AsyncClient, chance: random.Random, tally: Tally) -> None:
    """One request of some kind, to its end."""
    kind, tokens = chance.random(), chance.randint(*TOKENS)
    body = {"max_tokens": tokens, "ignore_eos": True}
    if kind < 0.1:
        wrong, status = chance.choice(WRONG)
        answer = await stream(client, body | wrong)
        tally.ended["refused"] += 1
        if answer.status != status:
            tally.lost.append(f"{wrong} got {answer}, not {status}")
        return
    cut_after = chance.randint(1, 6) if kind < 0.3 else 0
    answer = await stream(client, body, cut_after)
    if cut_after and answer.finish is None:
        tally.ended["cut by the client"] += 1
    elif (answer.status, answer.finish, answer.usage) == (200, "length", tokens):
        tally.ended["completed"] += 1
        tally.tokens += tokens
        tally.ttfts_s.append(answer.ttft_s)
    else:
        tally.lost.append(f"{tokens} tokens asked for: {answer}")


async def keep_asking(client: httpx.AsyncClient, seed: int, until: float, tally: Tally) -> None:
    chance = random.Random(seed)
    while time.monotonic() < until:
        try:
            await one(client, chance, tally)
        except httpx.HTTPError as error:
            tally.lost.append(repr(error))


async def look(ready: list[str], pid: int, until: float, tally: Tally) -> None:
    """Sample what the service says of itself and what memory it takes."""
    began = time.monotonic()
    async with httpx.AsyncClient(timeout=10) as client:
        while time.monotonic() < until:
            for url in ready:
                try:
                    status = str((await client.get(url)).status_code)
                except httpx.HTTPError as error:
                    status = type(error).__name__
                tally.looks[f"{url.partition('//')[2].partition('/')[2]} {status}"] += 1
            for each in descendants(pid):
                sizes = tally.sizes.setdefault(f"{name(each)} {each}", [])
                sizes.append((time.monotonic() - began, rss(each)))
            await asyncio.sleep(SAMPLE_S)


async def counters(client: httpx.AsyncClient) -> dict[str, float]:
    """The engine's own counts."""
    found: dict[str, float] = {}
    for line in (await client.get("/metrics")).text.splitlines():
        if line.startswith("vllm:"):
            key, _, rest = line.partition("{")
            found[key] = found.get(key, 0) + float(rest.rpartition(" ")[2])
    return found


async def soak(port: int, ready: list[str], pid: int, seconds: float, streams: int) -> tuple[Tally, float]:
    """Return the tally, and how many requests the engine finished more than clients saw finish."""
    tally = Tally()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=600, limits=limits) as client:
        await stream(client, {"max_tokens": 4})  # the first request warms the engine
        before = await counters(client)
        until = time.monotonic() + seconds
        clients = (keep_asking(client, seed, until, tally) for seed in range(streams))
        await asyncio.gather(look(ready, pid, until, tally), *clients)
        while (after := await counters(client))["vllm:num_requests_running"]:
            await asyncio.sleep(0.2)
    finished = after["vllm:request_success_total"] - before["vllm:request_success_total"]
    written = after["vllm:generation_tokens_total"] - before["vllm:generation_tokens_total"]
    if written < tally.tokens:
        tally.lost.append(f"the engine wrote {written:.0f} tokens, clients were told of {tally.tokens}")
    return tally, finished - tally.ended["completed"]


def growth(samples: list[tuple[float, int]]) -> float:
    """Bytes a minute over the second half, by least squares."""
    half = [each for each in samples if each[0] >= samples[-1][0] / 2]
    if len(half) < 5:
        return 0.0
    return statistics.linear_regression(*zip(*half, strict=True)).slope * 60


def report(tally: Tally, extra: float, seconds: float) -> bool:
    """Print what was found; True where all is as it should be."""
    ends = ", ".join(f"{count} {how}" for how, count in sorted(tally.ended.items()))
    print(f"requests   {sum(tally.ended.values()) + len(tally.lost)}: {ends}, {len(tally.lost)} lost")
    print(f"engine     finished {extra:+.0f} against what clients saw finish")
    print(f"tokens     {tally.tokens} to their end, {tally.tokens / seconds:.1f}/s")
    print(f"TTFT       p50 {statistics.median(tally.ttfts_s):.2f} s, longest {max(tally.ttfts_s):.2f} s")
    print(f"looks      {', '.join(f'{what}: {count}' for what, count in sorted(tally.looks.items()))}")
    grown = {}
    for which, samples in tally.sizes.items():
        if len(samples) < 10:
            continue  # a helper of the engine's that came and went
        grown[which] = growth(samples)
        first, middle, last = (samples[at][1] / 1e6 for at in (0, len(samples) // 2, -1))
        print(f"{which:28} {first:8.1f} {middle:8.1f} {last:8.1f} MB   {grown[which] / 1e3:+8.1f} kB/min")
    print(*tally.lost[:10], sep="\n", end="\n" if tally.lost else "")
    well = all(what.endswith(" 200") for what in tally.looks)
    # What a client cut may have been finished by then; a request that is missing may not.
    flat = seconds < 120 or max(grown.values()) < GROWTH_BYTES_PER_MINUTE
    return not tally.lost and 0 <= extra <= tally.ended["cut by the client"] and well and flat


def main(cache: Path, seconds: float, streams: int) -> bool:
    port, management = free_port(), free_port()
    env = environment(cache, port, AIM_MANAGEMENT_PORT=str(management))
    command = [AIM, "serve", "--", "--max-num-seqs", str(AT_A_TIME)]
    with tempfile.TemporaryDirectory() as logs, started(command, env, Path(logs, "serve.txt")) as pid:
        ready = [f"http://127.0.0.1:{port}/health"]
        ready += [f"http://127.0.0.1:{management}/health/{which}" for which in ("live", "ready")]
        tally, extra = asyncio.run(soak(port, answering(ready), pid, seconds, streams))
    return report(tally, extra, seconds)


def answering(urls: list[str]) -> list[str]:
    """Those of the addresses where anything answers."""
    found = []
    for url in urls:
        try:
            httpx.get(url)
        except httpx.ConnectError:
            print(f"nothing answers at {url}", file=sys.stderr)
        else:
            found.append(url)
    return found


if __name__ == "__main__":
    _, cache, *more = sys.argv
    sys.exit(
        not main(
            Path(cache).resolve(),
            float(more[0]) if more else 300,
            int(more[1]) if len(more) > 1 else 3 * AT_A_TIME,
        )
    )
