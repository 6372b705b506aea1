"""The suites have 0.12's loads, and a profile gets the one for its accelerators."""

from __future__ import annotations

import pytest

from aim_runtime.bench.suites import SUITES, fitting, named
from aim_runtime.errors import InvalidValue


@pytest.mark.parametrize(
    ("name", "points", "most_clients"),
    [
        ("smoke", 2, 4),
        ("default_dev", 2, 8),
        ("default_opt", 8, 128),
        ("AIM_IM1", 12, 256),
        ("AIM_IM2", 24, 256),
    ],
)
def test_suite(name: str, points: int, most_clients: int) -> None:
    suite = named(name)
    assert len(set(suite.points)) == points
    assert max(each.concurrency or 0 for each in suite.points) == most_clients
    if name != "smoke":
        assert all(each.requests == 10 * (each.concurrency or 0) for each in suite.points)


def test_suites_have_the_shapes_of_their_names() -> None:
    shapes = {
        name: {(each.input_tokens, each.output_tokens) for each in suite.points}
        for name, suite in SUITES.items()
    }
    assert shapes["default_opt"] == {(256, 256), (1024, 1024), (8192, 1024), (1024, 8192)}
    assert shapes["AIM_IM1"] == shapes["AIM_IM2"] == {(256, 256), (128, 2048), (8192, 1024), (1024, 1024)}


@pytest.mark.parametrize(
    ("profile", "suite"),
    [
        ("vllm-mi300x-fp16-tp1-latency", "AIM_IM2"),
        ("general/vllm-mi300x-fp16-tp2-latency", "AIM_IM1"),
        ("vllm-mi300x-fp8-tp8-throughput", "AIM_IM1"),
        ("vllm-mi300x-fp8-tp16-throughput", "default_opt"),
        ("general/vllm-cpu-bf16-tp1-latency", "smoke"),
        ("mine", "default_opt"),
        (None, "default_opt"),
    ],
)
def test_the_profile_decides(profile: str | None, suite: str) -> None:
    assert fitting(profile).name == suite


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(InvalidValue, match="did you mean default_opt"):
        named("default_op")
