"""A hub on the loopback, for whatever asks one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.models.programs import fake
from integration.models.support import FakeHub, StartHub


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[StartHub]:
    """Start hubs with the given switches; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*switches: str) -> FakeHub:
            root = tmp_path / "hub"
            root.mkdir(exist_ok=True)
            port = stack.enter_context(fake("hub", str(root), *switches))
            return FakeHub(f"http://127.0.0.1:{port}", root)

        yield start
