"""Benchmarks as a service might give them: more load is slower for each and more for all."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

from aim_runtime.bench.result import Benchmark
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.bench.workload import Point
from aim_runtime.slo import parse_slo

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
REFUSED = {"connection refused": 16}


def points(
    shapes: Iterable[tuple[int, int]] = ((256, 64),), loads: Iterable[int] = (1, 8, 32)
) -> list[Point]:
    return [Point(i, o, 16, concurrency=load) for i, o in shapes for load in loads]


def measured(point: Point, speed: float = 1.0, seed: int = 1) -> Measured:
    chance = random.Random(f"{point.name} {seed}")
    at_once = point.concurrency or 4 * (point.rate or 0)
    samples = []
    for _ in range(point.requests):
        ttft = point.input_tokens * 1e-4 * (1 + at_once / 6) / speed * chance.lognormvariate(0, 0.3)
        gap = 0.02 * (1 + at_once / 40) / speed
        gaps = tuple(gap * chance.lognormvariate(0, 0.2) for _ in range(point.output_tokens - 1))
        samples.append(Sample(point.input_tokens, point.output_tokens, ttft, ttft + sum(gaps), gaps))
    seconds = sum(each.e2e_s for each in samples) / max(at_once, 1)
    return Measured(point, seconds, tuple(samples))


def failed(whole: Measured, count: int) -> Measured:
    """`count` of its requests timed out."""
    return replace(whole, samples=whole.samples[count:], errors={"timeout": count})


def benchmark(found: Iterable[Measured], slo: str | None = None, **more: object) -> Benchmark:
    about = {
        "service": "http://127.0.0.1:8000",
        "model": MODEL,
        "profile_id": "vllm-cpu-bf16-tp1-latency",
        "engine": "vllm 0.32.0",
        "machine": "AMD EPYC 9965, 2 cores, 8 GiB",
        "date": "2026-11-25T16:00:00+00:00",
        "suite": "smoke",
        "generator": "guidellm 0.8.1",
        "started_s": 31.4,
    }
    asked = None if slo is None else parse_slo(slo)
    return Benchmark(points=tuple(found), slo=asked, **{**about, **more})  # type: ignore[arg-type]
