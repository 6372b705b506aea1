"""How far a benchmark is, in lines."""

from __future__ import annotations

import pytest

from aim_runtime.bench.progress import Progress
from aim_runtime.bench.workload import Point
from aim_runtime.cli import measuring
from aim_runtime.cli.measuring import MeasuringView

POINT = Point(256, 128, 80, concurrency=8)


def test_lines_of_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "LINE_EVERY_S", 0.0)
    said: list[str] = []
    view = MeasuringView(said.append, draws=False)
    for phase in ("starting the engine", "starting the engine", "ready"):
        view.starting(phase, None)
    view.show(Progress(POINT, 1, 4, 0, 0, 0.0, warming=True))
    view.show(Progress(POINT, 1, 4, 0, 0, 0.0))
    view.show(Progress(POINT, 1, 4, 18, 2, 30.0))
    view.show(Progress(POINT, 1, 4, 18, 2, 31.0))
    view.end()
    assert said == [
        "starting the service: starting the engine",
        "starting the service: ready",
        "point 1 of 4, 256/128 x 8: warming up",
        "point 1 of 4, 256/128 x 8: 20 of 80 requests, 2 failed, 1 min 30 s left",
    ]


def test_lines_are_ten_seconds_apart() -> None:
    said: list[str] = []
    view = MeasuringView(said.append, draws=False)
    for done in range(80):
        view.show(Progress(POINT, 1, 1, done, 0, done / 10))
    assert said == ["point 1 of 1, 256/128 x 8: measuring"]
