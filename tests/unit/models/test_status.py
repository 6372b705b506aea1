"""How a rate, a percentage and a time left come of what a fetch reports."""

from __future__ import annotations

import pytest

from aim_runtime.models.events import Progress
from aim_runtime.models.status import WINDOW_S, Pace, Status

MB = 10**6


def paced(*seen: tuple[float, int], total: int | None = 1000 * MB, phase: str = "download") -> Status:
    """The status after these moments and bytes."""
    pace = Pace()
    return [pace.seen(Progress(phase, done, total), at) for at, done in seen][-1]


def test_a_steady_download() -> None:
    status = paced(*((second, second * 10 * MB) for second in range(11)))
    assert status.percent == 10.0
    assert status.bytes_per_s == pytest.approx(10 * MB)
    assert status.average_bytes_per_s == pytest.approx(10 * MB)
    assert status.eta_s == pytest.approx(90)
    assert not status.ended


def test_the_rate_is_that_of_the_last_seconds() -> None:
    fast, slow = 100, 30
    status = paced(
        *((second, second * 10 * MB) for second in range(fast)),
        *((fast + second, (fast * 10 + second) * MB) for second in range(slow)),
        total=2000 * MB,
    )
    assert slow > WINDOW_S
    assert status.bytes_per_s == pytest.approx(1 * MB, rel=0.1)
    assert status.average_bytes_per_s == pytest.approx(1029 * MB / 129)


def test_what_was_here_before_is_no_speed() -> None:
    status = paced((0, 900 * MB), (10, 950 * MB))
    assert status.began_bytes == 900 * MB
    assert status.bytes_per_s == pytest.approx(5 * MB)
    assert status.average_bytes_per_s == pytest.approx(5 * MB)
    assert status.eta_s == pytest.approx(10)


def test_a_file_that_starts_over() -> None:
    status = paced((0, 0), (10, 500 * MB), (11, 100 * MB), (13, 120 * MB))
    assert status.bytes_per_s == pytest.approx(10 * MB)
    assert status.eta_s == pytest.approx(88)


def test_a_stall_takes_the_time_left_away() -> None:
    status = paced((0, 0), (10, 500 * MB), *((10 + second, 500 * MB) for second in range(1, 40)))
    assert status.bytes_per_s == 0
    assert status.eta_s is None


def test_nothing_is_said_too_early() -> None:
    assert paced((0, 0), (0.1, 50 * MB)).bytes_per_s is None
    early = paced((0, 0), (1.0, 5000))
    assert (early.bytes_per_s, early.eta_s) == (pytest.approx(5000), None)


def test_a_total_that_nobody_knows() -> None:
    status = paced((0, 0), (10, 50 * MB), total=None)
    assert (status.percent, status.eta_s, status.ended) == (None, None, False)
    assert status.bytes_per_s == pytest.approx(5 * MB)


def test_the_end() -> None:
    status = paced((0, 0), (10, 1000 * MB))
    assert (status.percent, status.eta_s, status.ended) == (100.0, 0.0, True)
    assert paced((0, 0), total=0).percent == 100.0
    assert paced((0, 2000 * MB)).percent == 100.0


def test_each_phase_has_a_pace_of_its_own() -> None:
    pace = Pace()
    pace.seen(Progress("download", 0, 100 * MB), 0)
    pace.seen(Progress("download", 100 * MB, 100 * MB), 10)
    first = pace.seen(Progress("verify", 0, 100 * MB), 11)
    assert (first.elapsed_s, first.bytes_per_s, first.began_bytes) == (0, None, 0)
    assert pace.seen(Progress("verify", 50 * MB, 100 * MB), 12).bytes_per_s == pytest.approx(50 * MB)
