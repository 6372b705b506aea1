"""Real programs for the models room: a hub on the loopback, a package index that is a folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from integration.models.support import HUB, FakeHub, Fetcher, StartHub


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


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder that pip uses as its only package index."""
    folder = tmp_path / "packages"
    folder.mkdir()
    return folder


@pytest.fixture
def fetcher(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> Fetcher:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    # An empty configuration, so that the tests ask no index of this machine's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)}
    return Fetcher(Cache(tmp_path / "cache"), environment)
