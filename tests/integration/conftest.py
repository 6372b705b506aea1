"""A hub on the loopback and one browser, for whatever asks for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.models.programs import fake
from integration.models.support import FakeHub, StartHub
from servers.chromium import browser as chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all pages: it takes a second to start, and its library allows no second one beside it."""
    with chromium() as found:
        yield found
