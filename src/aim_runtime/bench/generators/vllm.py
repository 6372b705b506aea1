"""`vllm bench serve`, which comes with the engine."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aim_runtime.bench.generators.failures import Failures
from aim_runtime.bench.generators.generator import Done, Job
from aim_runtime.bench.sample import Measured, Sample
from aim_runtime.engines.interpreter import interpreter

# The console script `vllm` asks for a distribution of that name, which the CPU build is not
# (PackageNotFoundError); the module behind it has no `__main__`.
_PROGRAM = (
    "from argparse import ArgumentParser; from vllm.benchmarks.serve import add_cli_args, main; "
    "parser = ArgumentParser(); add_cli_args(parser); main(parser.parse_args())"
)
# tqdm's bar, as ` 31%|███▏      | 5/16 [00:00<00:00, 25.48it/s]`.
_BAR = re.compile(r"\|\s*(\d+)/(\d+)\s*\[")


@dataclass(frozen=True)
class VllmBench:
    """The engine's own load generator: it keeps the time of every chunk of an answer.

    `python` is the one that has the engine, None for this program's own.
    """

    python: str | None = None
    name = "vllm"

    def installed(self) -> bool:
        if self.python is not None:
            folders = interpreter(self.python).path
            return any(Path(folder, "vllm", "benchmarks", "serve.py").is_file() for folder in folders)
        # Looked at without importing the engine, which takes seconds.
        found = importlib.util.find_spec("vllm")
        inside = (found.submodule_search_locations if found else None) or ()
        return any(Path(folder, "benchmarks", "serve.py").is_file() for folder in inside)

    def command(self, job: Job) -> list[str]:
        return [str(interpreter(self.python).python), "-c", _PROGRAM, *self.options(job)]

    def options(self, job: Job) -> list[str]:
        """What is said to `vllm bench serve`, whichever program that is."""
        point = job.point
        load = (
            ["--max-concurrency", str(point.concurrency)]
            if point.concurrency is not None
            else ["--request-rate", f"{point.rate:g}"]
        )
        return [
            *("--backend", "openai", "--base-url", job.service.url, "--endpoint", "/v1/completions"),
            *("--model", job.service.model, "--tokenizer", job.tokenizer),
            *("--dataset-name", "random", "--random-input-len", str(point.input_tokens)),
            *("--random-output-len", str(point.output_tokens), "--num-prompts", str(point.requests)),
            *load,
            *("--ignore-eos", "--temperature", "0", "--seed", str(job.seed)),
            # The service was warmed, with other prompts than those that are measured.
            *("--num-warmups", "0", "--ready-check-timeout-sec", "0"),
            *("--save-result", "--save-detailed"),
            *("--result-dir", str(job.report.parent), "--result-filename", job.report.name),
        ]

    def environment(self, key: str | None) -> Mapping[str, str]:
        return {"OPENAI_API_KEY": key} if key else {}

    def done(self, line: str) -> Done | None:
        found = _BAR.search(line)
        return Done(int(found[1])) if found else None

    def read(self, job: Job) -> Measured:
        report = json.loads(job.report.read_text(encoding="utf-8"))
        names = ("errors", "input_lens", "output_lens", "ttfts", "latencies", "itls", "start_times")
        samples, failures, times = [], Failures(job.point), []
        for error, given, written, ttft, e2e, itl, start in zip(
            *(report[name] for name in names), strict=True
        ):
            if error or not written:
                failures.add(error or "no token was answered")
            elif not failures.short(written):
                samples.append(Sample(given, written, ttft, e2e, tuple(itl)))
                times.append((start, start + e2e))
        return failures.measured(samples, times)
