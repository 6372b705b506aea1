"""How many connections, by a clock that the test moves."""

from __future__ import annotations

from aim_runtime.models.transfer.connections import FEWEST, MOST, Connections


class Link:
    """A link that carries so much a connection, and no more than `most` in all."""

    def __init__(self, each: float, most: float) -> None:
        self.now_s, self.arrived, self.each, self.most = 0.0, 0.0, each, most
        self.connections = Connections(lambda: self.now_s)

    def run(self, seconds: float, slow_downs: int = 0) -> int:
        for _ in range(int(seconds * 5)):
            self.now_s += 0.2
            self.arrived += 0.2 * min(self.most, self.each * self.connections.allowed)
            self.connections.observe(int(self.arrived), slow_downs)
        return self.connections.allowed


def test_a_long_link_gets_all_of_them_within_a_second() -> None:
    assert Link(40e6, 10e9).run(1) == MOST


def test_a_full_link_gets_no_more_than_fill_it() -> None:
    assert Link(200e6, 800e6).run(60) == FEWEST
    assert Link(40e6, 600e6).run(60) == 4 * FEWEST


def test_a_source_that_begins_late_is_waited_for() -> None:
    link = Link(40e6, 10e9)
    link.each = 0
    assert link.run(10) == FEWEST
    link.each = 40e6
    assert link.run(3) == MOST


def test_a_source_that_asks_to_slow_down_is_obeyed_and_tried_again_later() -> None:
    link = Link(40e6, 10e9)
    assert link.run(30) == MOST
    assert link.run(1, slow_downs=1) == MOST // 2
    assert link.run(20, slow_downs=3) == MOST // 2, "one answer of many connections counts once"
    assert link.run(60, slow_downs=3) == MOST
    for step in range(10):
        link.run(40, slow_downs=4 + step)
    assert link.connections.allowed >= 1
