"""A load generator that starts in no time, and `aim-runtime` with it: python quick_load.py tune ….

The real ones import for seconds, which a search does again for each of its many runs. With `--put URL MODEL
INPUT OUTPUT REQUESTS CLIENTS REPORT` this is the generator itself: a program that streams completions.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAME = "quick"


def one(url: str, model: str, words: int, tokens: int) -> tuple[float, float]:
    """One streamed request: seconds to its first token, and to its last."""
    body = {"model": model, "prompt": "word " * words, "max_tokens": tokens, "stream": True}
    request = urllib.request.Request(
        f"{url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    began, first = time.perf_counter(), 0.0
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            if line.startswith(b"data: {") and not first:
                first = time.perf_counter() - began
    if not first:
        raise ValueError("no token was answered")
    return first, time.perf_counter() - began


def put(url: str, model: str, words: int, tokens: int, requests: int, clients: int, report: Path) -> None:
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = list(pool.map(lambda _: one(url, model, words, tokens), range(requests)))
    report.write_text(json.dumps({"seconds": time.perf_counter() - began, "times": times}))


def with_quick(arguments: list[str]) -> None:
    """Run the command line with this generator among the others."""
    from aim_runtime.bench import generators
    from aim_runtime.bench.generators.generator import Done, Job
    from aim_runtime.bench.sample import Measured, Sample
    from aim_runtime.cli import main

    class Quick:
        name = NAME

        def installed(self) -> bool:
            return True

        def command(self, job: Job) -> list[str]:
            point = job.point
            numbers = (point.input_tokens, point.output_tokens, point.requests, point.concurrency)
            said = (job.service.url, job.service.model, *map(str, numbers), str(job.report))
            return [sys.executable, "-S", __file__, "--put", *said]

        def environment(self, key: str | None) -> Mapping[str, str]:
            return {}

        def done(self, line: str) -> Done | None:
            return None

        def read(self, job: Job) -> Measured:
            read = json.loads(job.report.read_text())
            samples = (
                Sample(job.point.input_tokens, job.point.output_tokens, first, last)
                for first, last in read["times"]
            )
            return Measured(job.point, read["seconds"], tuple(samples))

    generators.GENERATORS[NAME] = Quick()
    main(arguments)


if __name__ == "__main__":
    if sys.argv[1] == "--put":
        url, model, words, tokens, requests, clients, report = sys.argv[2:]
        put(url, model, int(words), int(tokens), int(requests), int(clients), Path(report))
    else:
        with_quick(sys.argv[1:])
