"""The suites of points that have a name, and which of them suits a profile."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aim_runtime.bench.workload import Point, Suite
from aim_runtime.errors import InvalidValue, did_you_mean

# The names and loads of AMD's runtime 0.12, so that figures can be compared with published ones; each client
# asks ten times.
REQUESTS_A_CLIENT = 10
_SHAPES = ((256, 256), (128, 2048), (8192, 1024), (1024, 1024))


def _suite(name: str, shapes: Sequence[tuple[int, int]], clients: Sequence[int]) -> Suite:
    points = (
        Point(given, wanted, REQUESTS_A_CLIENT * number, concurrency=number)
        for given, wanted in shapes
        for number in clients
    )
    return Suite(name, tuple(points))


SUITES = {
    suite.name: suite
    for suite in (
        # Ours: seconds on two cores.
        Suite("smoke", (Point(32, 16, 4, concurrency=1), Point(32, 16, 12, concurrency=4))),
        # Of this one 0.12 tells only that it has two points: these are our choice.
        _suite("default_dev", ((256, 256), (1024, 1024)), (8,)),
        _suite("default_opt", ((256, 256), (1024, 1024), (8192, 1024), (1024, 8192)), (8, 128)),
        _suite("AIM_IM1", _SHAPES, (8, 64, 256)),
        _suite("AIM_IM2", _SHAPES, (4, 8, 32, 64, 128, 256)),
    )
}
_BY_ACCELERATORS = {1: "AIM_IM2", 2: "AIM_IM1", 4: "AIM_IM1", 8: "AIM_IM1"}


def named(name: str) -> Suite:
    """The suite of that name. Raises InvalidValue."""
    if name not in SUITES:
        raise InvalidValue(
            f"{name} is not a suite{did_you_mean(name, SUITES)}", hint=f"one of {', '.join(SUITES)}"
        )
    return SUITES[name]


def fitting(profile_id: str | None) -> Suite:
    """The suite for a profile where none is asked for: by its number of accelerators, as 0.12 has it.

    A CPU gets `smoke`: 256 clients with prompts of 8192 tokens would take days.
    """
    if profile_id and "-cpu-" in profile_id:
        return SUITES["smoke"]
    found = re.search(r"-tp(\d+)-", profile_id or "")
    return SUITES[_BY_ACCELERATORS.get(int(found[1]) if found else 0, "default_opt")]
