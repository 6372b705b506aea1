"""The lines that say how far something is, where nobody draws."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from aim_runtime.cli import progress
from aim_runtime.cli.progress import ProgressView, duration
from aim_runtime.models.events import Progress

MB = 10**6


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    logger = logging.getLogger("test.progress")
    logger.setLevel("INFO")
    logger.propagate = False
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def lines(kept: Kept, *events: Progress) -> list[str]:
    view = ProgressView(logging.getLogger("test.progress"), draws=False)
    for event in events:
        view.show(event)
    view.end()
    return [record.getMessage() for record in kept.records]


def download(done: int, total: int | None = 100 * MB) -> Progress:
    return Progress("download", done, total)


def test_one_line_at_the_start_and_one_at_the_end(kept: Kept) -> None:
    said = lines(kept, *(download(done * MB) for done in range(101)))
    assert said == ["downloading 100.0 MB", "downloaded 100.0 MB"]
    fields = [record.__dict__["fields"] for record in kept.records]
    assert [each["event"] for each in fields] == ["progress", "progress"]
    assert [each["done_bytes"] for each in fields] == [0, 100 * MB]
    assert fields[1]["percent"] == 100.0


def test_and_one_now_and_then_between(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    said = lines(kept, download(0), download(10 * MB), download(20 * MB), download(100 * MB))
    assert said == [
        "downloading 100.0 MB",
        "downloading: 10 % of 100.0 MB",
        "downloading: 20 % of 100.0 MB",
        "downloaded 100.0 MB",
    ]


def test_what_was_here_already_is_not_counted(kept: Kept) -> None:
    said = lines(kept, download(60 * MB), download(100 * MB))
    assert said == ["downloading 40.0 MB", "downloaded 40.0 MB of 100.0 MB"]


def test_one_that_breaks_off_does_not_say_that_it_ended(kept: Kept) -> None:
    assert lines(kept, download(0), download(50 * MB)) == ["downloading 100.0 MB"]


def test_waiting_and_asking_show_nothing(kept: Kept) -> None:
    assert lines(kept, Progress("ask", 0), Progress("wait", 0)) == []


def test_a_phase_that_is_over_at_once_is_not_worth_a_line(kept: Kept) -> None:
    assert lines(kept, Progress("verify", 0, 10), Progress("verify", 10, 10)) == []


def test_a_second_download_begins_anew(kept: Kept) -> None:
    said = lines(kept, download(0), download(100 * MB), download(0), download(100 * MB))
    assert said == ["downloading 100.0 MB", "downloaded 100.0 MB"] * 2


@pytest.mark.parametrize("times", [1, 3])
def test_the_end_is_said_once(times: int, kept: Kept) -> None:
    assert lines(kept, download(0), *[download(100 * MB)] * times) == [
        "downloading 100.0 MB",
        "downloaded 100.0 MB",
    ]


def test_a_total_that_nobody_knows(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    assert lines(kept, download(10, None), download(5 * MB, None)) == ["downloading", "downloading: 5.0 MB"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400 * 3 + 3700, "3 d 1 h"),
    ],
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
