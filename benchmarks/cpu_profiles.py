"""What the shipped CPU profiles are worth against the engine's defaults, on this machine, in one run.

    python benchmarks/cpu_profiles.py MODEL_CACHE [ROUNDS]

Serves SmolLM2 from the cache in turn with each profile and with vLLM's own defaults (bf16 and the same
context and KV cache space, which would else depend on the machine), interleaved, and asks with the official
client: one request at a time, then 8 and 32 at a time, 64 tokens each. Prints every figure's median and
its ratio to the defaults'. The load comes from the same cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from openai import AsyncOpenAI
from services import AIM, AIM_ID, QUESTION, free_port, seconds_to_ready

OUTPUT_TOKENS = 64


@dataclass(frozen=True)
class Configuration:
    """A way to start the engine: through the runtime with settings, or plain."""

    name: str
    settings: dict[str, str]
    plain: bool = False


def configurations() -> list[Configuration]:
    latency, throughput = {"AIM_METRIC": "latency"}, {"AIM_METRIC": "throughput"}
    general = {"AIM_PROFILE_ID": "general/vllm-cpu-bf16-tp1-latency"}
    general_throughput = {"AIM_PROFILE_ID": "general/vllm-cpu-bf16-tp1-throughput"}
    return [
        Configuration("vLLM defaults", {"VLLM_CPU_KVCACHE_SPACE": "2"}, plain=True),
        Configuration("latency", latency),
        Configuration("throughput", throughput),
        Configuration("general latency", latency | general),
        Configuration("general throughput", throughput | general_throughput),
    ]


def command(configuration: Configuration, cache: Path, port: int) -> list[str]:
    if not configuration.plain:
        return [AIM, "serve"]
    model = ["--model", str(cache / AIM_ID), "--served-model-name", AIM_ID, "--port", str(port)]
    server = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *model]
    return [*server, "--dtype", "bfloat16", "--max-model-len", "8192"]


async def ask(client: AsyncOpenAI) -> tuple[float, float]:
    """One streamed request: time to first token and time per output token, in seconds."""
    started = time.perf_counter()
    first = 0.0
    stream = await client.chat.completions.create(
        model=AIM_ID,
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=OUTPUT_TOKENS,
        temperature=0,
        stream=True,
        extra_body={"min_tokens": OUTPUT_TOKENS},
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content and not first:
            first = time.perf_counter()
    return first - started, (time.perf_counter() - first) / (OUTPUT_TOKENS - 1)


async def load(url: str, clients: int, requests: int) -> dict[str, float]:
    """`requests` requests, `clients` at a time."""
    limit = asyncio.Semaphore(clients)
    async with AsyncOpenAI(base_url=url, api_key="none", timeout=600, max_retries=0) as client:

        async def one() -> tuple[float, float]:
            async with limit:
                return await ask(client)

        started = time.perf_counter()
        answers = await asyncio.gather(*(one() for _ in range(requests)))
        seconds = time.perf_counter() - started
    return {
        f"clients_{clients}_tokens_per_s": requests * OUTPUT_TOKENS / seconds,
        f"clients_{clients}_ttft_p50_s": statistics.median(first for first, _ in answers),
        f"clients_{clients}_tpot_p50_s": statistics.median(each for _, each in answers),
    }


def measure(configuration: Configuration, cache: Path) -> dict[str, float]:
    """Start, measure, stop."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIM_", "VLLM_"))}
    settings = {
        "AIM_ID": AIM_ID,
        "AIM_CACHE_PATH": str(cache),
        "AIM_PORT": str(port),
        "AIM_ACCELERATOR_TYPE": "cpu",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command(configuration, cache, port),
            env=inherited | settings | configuration.settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            figures = {"start_to_ready_s": seconds_to_ready(process, port)}
            url = f"http://127.0.0.1:{port}/v1"
            asyncio.run(load(url, 1, 1))  # the first request warms the engine
            for clients, requests in ((1, 4), (8, 24), (32, 64)):
                figures |= asyncio.run(load(url, clients, requests))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    return figures


def main(cache: Path, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {}
    for number in range(rounds):
        for configuration in configurations():
            figures = measure(configuration, cache)
            found.setdefault(configuration.name, []).append(figures)
            print(
                f"round {number + 1}, {configuration.name}: {json.dumps(figures)}",
                file=sys.stderr,
                flush=True,
            )
    base = found["vLLM defaults"]
    for name, runs in found.items():
        print(name)
        for figure in runs[0]:
            values = [run[figure] for run in runs]
            ratios = [run[figure] / reference[figure] for run, reference in zip(runs, base, strict=True)]
            ratio = f"x {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            print(f"  {figure:24} {statistics.median(values):9.4f}   {ratio}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
