"""The truth about a service, as it changes."""

from __future__ import annotations

from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import Phase


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_the_time_of_each_phase() -> None:
    clock = Clock()
    life = Life(clock)
    clock.now_s += 2
    life.enter(Phase.DOWNLOADING)
    clock.now_s += 5
    life.enter(Phase.LOADING, 10)
    clock.now_s += 1
    view = life.view()
    assert [(each.phase, each.began_at_s, each.seconds) for each in view.stages] == [
        (Phase.SURVEYING, 1000, 2),
        (Phase.DOWNLOADING, 1002, 5),
        (Phase.LOADING, 1007, 1),
    ]
    assert (view.phase, view.percent, view.seconds) == (Phase.LOADING, 10, 8)


def test_a_phase_that_is_under_way_does_not_begin_again() -> None:
    life = Life(Clock())
    life.enter(Phase.LOADING, 10)
    life.enter(Phase.LOADING)
    assert life.view().percent == 10
    life.enter(Phase.LOADING, 60)
    assert life.view().percent == 60
    assert [each.phase for each in life.view().stages] == [Phase.SURVEYING, Phase.LOADING]


def test_what_a_reader_has_does_not_change() -> None:
    life = Life(Clock())
    before = life.view()
    life.change(engine_pid=7, answers=True)
    assert (before.engine_pid, before.answers) == (None, False)
    assert (life.view().engine_pid, life.view().answers) == (7, True)


def test_an_engine_that_starts_goes_forward_only() -> None:
    life = Life(Clock())
    life.advance(Phase.LOADING)
    assert life.view().phase is Phase.SURVEYING, "no engine has been started"
    life.enter(Phase.STARTING)
    life.advance(Phase.LOADING, 40)
    life.advance(Phase.WARMING)
    assert (life.view().phase, life.view().percent) == (Phase.LOADING, 40), "it has still to compile"
    life.advance(Phase.CAPTURING)
    life.advance(Phase.COMPILING)
    life.advance(Phase.WARMING)
    assert life.view().phase is Phase.WARMING
    life.enter(Phase.READY)
    life.advance(Phase.WARMING)
    assert life.view().phase is Phase.READY


def test_a_start_may_leave_phases_out() -> None:
    life = Life(Clock())
    life.enter(Phase.STARTING)
    life.advance(Phase.LOADING)
    life.advance(Phase.WARMING, skips=[Phase.COMPILING, Phase.CAPTURING])
    assert life.view().phase is Phase.WARMING
