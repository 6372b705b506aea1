"""A hub on the loopback, for whatever asks one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.models.support import HUB, FakeHub, StartHub


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[StartHub]:
    """Start hubs with the given switches; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*switches: str) -> FakeHub:
            root = tmp_path / "hub"
            root.mkdir(exist_ok=True)
            hub = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(HUB), str(root), *switches], stdout=subprocess.PIPE, text=True
                )
            )
            stack.callback(hub.kill)
            assert hub.stdout is not None
            return FakeHub(f"http://127.0.0.1:{int(hub.stdout.readline())}", root)

        yield start
