"""Real programs for the models room: a package index that is a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aim_runtime.models.cache import Cache
from integration.models.support import Fetcher


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
