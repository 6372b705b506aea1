"""What an engine says is heard line by line, and the engine never waits for who hears it."""

from __future__ import annotations

import os
import threading
import time

from aim_runtime.serving.output import KEPT_LINES, Output


class Heard:
    """Keeps what it hears; takes the next line only while `listens` is set."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ticks = 0
        self.ended = False
        self.listens = threading.Event()
        self.listens.set()

    def line(self, text: str) -> None:
        self.listens.wait(20)
        self.lines.append(text)

    def tick(self) -> None:
        self.ticks += 1

    def end(self) -> None:
        self.ended = True


def started(heard: Heard) -> tuple[Output, int]:
    reads, writes = os.pipe()
    return Output(reads, heard), writes


def test_lines_in_order_and_an_end() -> None:
    heard = Heard()
    output, writes = started(heard)
    for piece in (b"first\nsec", b"ond\r\n\nbar 1\rbar 2\n", b"\xff\xfe no text\n", b"without an end"):
        os.write(writes, piece)
    os.close(writes)
    output.finish(5)
    assert heard.lines == ["first", "second", "bar 1", "bar 2", "\ufffd\ufffd no text", "without an end"]
    assert output.last() == tuple(heard.lines)
    assert heard.ended


def test_a_line_is_heard_before_the_next_comes() -> None:
    heard = Heard()
    output, writes = started(heard)
    os.write(writes, b"now\n")
    deadline = time.monotonic() + 5
    while not heard.lines and time.monotonic() < deadline:
        time.sleep(0.01)
    assert heard.lines == ["now"]
    os.close(writes)
    output.finish(5)


def test_who_listens_is_woken_when_nothing_is_said() -> None:
    heard = Heard()
    output, writes = started(heard)
    deadline = time.monotonic() + 5
    while not heard.ticks and time.monotonic() < deadline:
        time.sleep(0.01)
    os.close(writes)
    output.finish(5)
    assert heard.ticks


def test_a_listener_that_is_stuck_holds_nobody_up() -> None:
    heard = Heard()
    heard.listens.clear()
    output, writes = started(heard)
    line = b"x" * 999 + b"\n"
    began = time.monotonic()
    for _ in range(200):
        os.write(writes, line * 100)
    os.write(writes, b"the last\n")
    os.close(writes)
    assert time.monotonic() - began < 5, "20 MB are written while nobody takes a line"
    heard.listens.set()
    output.finish(10)
    said = [text for text in heard.lines if text.startswith("(")]
    lost = sum(int(text[1:].split()[0]) for text in said)
    assert lost > 1000
    assert "lines of the engine are left out: the log does not keep up" in said[0]
    assert len(heard.lines) - len(said) + lost == 20_001
    assert output.last()[-1] == "the last", (
        "for the reason of a failure, the last lines are kept all the same"
    )
    assert len(output.last()) == KEPT_LINES


def test_a_long_line_is_not_kept_whole() -> None:
    heard = Heard()
    output, writes = started(heard)
    threading.Thread(target=lambda: (os.write(writes, b"y" * 3_000_000 + b"\n"), os.close(writes))).start()
    output.finish(10)
    assert sum(map(len, heard.lines)) == 3_000_000
    assert max(map(len, output.last())) == 4096
