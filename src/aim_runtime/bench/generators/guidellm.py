"""guidellm (https://github.com/vllm-project/guidellm), which needs no engine on the machine."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from aim_runtime.bench.generators.failures import Failures
from aim_runtime.bench.generators.generator import Done, Job
from aim_runtime.bench.sample import Measured, Sample

# A line of its log, ten seconds apart: `… | successful=12 errored=0 incomplete=4 | …`.
_LINE = re.compile(r"successful=(\d+) errored=(\d+)")


class GuideLlm:
    """guidellm keeps the first and the last token's time of a request, so that there is no ITL."""

    name = "guidellm"

    def installed(self) -> bool:
        return importlib.util.find_spec("guidellm") is not None

    def command(self, job: Job) -> list[str]:
        scenario = job.folder / "scenario.json"
        scenario.write_text(json.dumps({"spec": _spec(job)}), encoding="utf-8")
        return [
            *(sys.executable, "-m", "guidellm", "run", "--config", str(scenario)),
            "--disable-console-interactive",
        ]

    def environment(self, key: str | None) -> Mapping[str, str]:
        return {
            # One sender is enough for a service of one machine; ten, its default, each import torch.
            "GUIDELLM__MAX_WORKER_PROCESSES": "1",
            **({"GUIDELLM__SPEC__BACKEND__API_KEY": key} if key else {}),
        }

    def done(self, line: str) -> Done | None:
        found = _LINE.search(line)
        return Done(int(found[1]) + int(found[2]), int(found[2])) if found else None

    def read(self, job: Job) -> Measured:
        report = json.loads(job.report.read_text(encoding="utf-8"))
        requests = report["benchmarks"][0]["requests"]
        samples, failures, times = [], Failures(job.point), []
        for each in requests["successful"]:
            began, first, last = _times(each)
            written = each["output_metrics"]["text_tokens"] or 0
            if first is None or last is None or began is None:
                failures.add("no token was answered")
            elif not failures.short(written):
                given = each["input_metrics"]["text_tokens"] or job.point.input_tokens
                samples.append(Sample(given, written, first - began, last - began))
                times.append((began, last))
        for each in [*(requests["errored"] or ()), *(requests["incomplete"] or ())]:
            failures.add(str(each["info"].get("error") or "the request was cut off"))
        return failures.measured(samples, times)


def _times(request: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    timings = request["info"]["timings"]
    return timings["request_start"], timings["first_token_iteration"], timings["last_token_iteration"]


def _spec(job: Job) -> dict[str, Any]:
    point = job.point
    profile = (
        {"kind": "concurrent", "streams": [point.concurrency]}
        if point.concurrency is not None
        else {"kind": "poisson", "rate": [point.rate]}
    )
    return {
        "backend": {
            "kind": "openai_http",
            "target": job.service.url,
            "model": job.service.model,
            "request_format": "/v1/completions",
            "http2": False,
            "validate_backend": False,
            "extras": {"body": {"ignore_eos": True, "temperature": 0}},
        },
        "profile": profile,
        "constraints": [{"kind": "max_requests", "count": point.requests}],
        "tokenizer": {"kind": "huggingface_auto", "model": job.tokenizer},
        "data": [
            {
                "kind": "synthetic_text",
                "prompt_tokens": point.input_tokens,
                "output_tokens": point.output_tokens,
            }
        ],
        "seed": {"kind": "static", "value": job.seed},
        # Prompts and answers are of no interest afterwards; times and counts are always kept.
        "metrics": {"kind": "generative", "sample_size": 0},
        "outputs": [{"kind": "json", "path": str(job.report)}],
    }
