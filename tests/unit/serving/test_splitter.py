"""Cutting output into lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.serving import splitter
from aim_runtime.serving.splitter import Splitter

LOG = Path(__file__).parents[1] / "engines/logs/vllm-0.9-gpu.log"


def test_a_bar_is_seen_while_it_moves() -> None:
    lines = Splitter()
    assert lines.feed(b"\rshards: 10%") == []
    assert lines.feed(b"\rshards: 20%") == ["shards: 10%"]
    assert lines.feed(b"\r\nnext") == ["shards: 20%"]
    assert lines.feed(b"\n\n\r\n") == ["next"]
    assert lines.feed("ü".encode()[:1]) == []
    assert lines.feed("ü".encode()[1:] + b"\xff") == []
    assert (lines.end(), lines.end()) == (["ü\ufffd"], [])


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_however_it_is_read(size: int) -> None:
    data, lines = LOG.read_bytes(), Splitter()
    found = [line for at in range(0, len(data), size) for line in lines.feed(data[at : at + size])]
    assert found + lines.end() == [line for line in data.decode().replace("\r", "\n").split("\n") if line]


def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "LONGEST_BYTES", 10)
    lines = Splitter()
    assert lines.feed(b"a" * 25) == ["a" * 10, "a" * 10]
    assert lines.end() == ["a" * 5]
