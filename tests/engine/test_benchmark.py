"""The real engine under the real load generators."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aim_runtime.bench.result import from_json
from engine.conftest import Running
from running import SMOLLM2, environment, run

pytestmark = pytest.mark.engine


def test_smoke(smollm2: Running, tmp_path: Path) -> None:
    """The weights' own tokenizer is found, and every token of the engine counts."""
    args = ["--service-url", smollm2.service.url, "--suite", "smoke", "--output-dir", str(tmp_path / "out")]
    done = run("benchmark", *args, env=environment(tmp_path), timeout_s=240)
    assert done.returncode == 0, done.stderr
    found = from_json(json.loads((tmp_path / "out" / "benchmark_results.json").read_text()))
    assert (found.ok, found.model, found.generator) == (True, SMOLLM2, "vllm")
    for point in found.points:
        assert {each.output_tokens for each in point.samples} == {point.point.output_tokens}
        assert {each.input_tokens for each in point.samples} == {point.point.input_tokens}
        assert point.ttft
        assert point.tpot
        assert point.itl
        # The engine may put two tokens into one chunk, so that gaps are not shorter than tokens.
        assert point.itl.mean > point.tpot.mean * 0.9


def test_what_the_engine_refuses_is_told_in_its_words(smollm2: Running, tmp_path: Path) -> None:
    """Seconds, and not minutes: the warm-up was refused."""
    args = ["--service-url", smollm2.service.url, "--point", "20000/16x1:2", "--output-dir", str(tmp_path)]
    done = run("benchmark", *args, env=environment(tmp_path), timeout_s=60)
    assert done.returncode == 7, done.stderr
    assert "20000/16 x 1: 2 of 2 http_400" in done.stderr
    assert "maximum context length" in done.stderr
