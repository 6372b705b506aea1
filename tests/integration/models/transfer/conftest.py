"""Servers that end with their test, and chunks small enough that a test has many."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from aim_runtime.models.transfer import part
from integration.models.transfer.serving import FileServer, StartFiles, files_at

CHUNK_BYTES = 256 * 1024


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "CHUNK_BYTES", CHUNK_BYTES)


@pytest.fixture
def start_files(tmp_path: Path) -> Iterator[StartFiles]:
    with contextlib.ExitStack() as stack:

        def start(*switches: str) -> FileServer:
            return stack.enter_context(files_at(tmp_path / "files", *switches))

        yield start
