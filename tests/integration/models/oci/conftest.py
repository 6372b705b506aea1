"""Registries on the loopback: Docker's own, one for a module, and fakes with whatever is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.models.oci.support import FakeRegistry, StartRegistry
from integration.models.programs import fake
from servers.registry import DockerRegistry, docker_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def start_registry(tmp_path: Path) -> Iterator[StartRegistry]:
    """Start fake registries with the given switches; they end with the test."""
    with contextlib.ExitStack() as stack:

        def start(*switches: str) -> FakeRegistry:
            root = tmp_path / "fake"
            root.mkdir(exist_ok=True)
            return FakeRegistry(
                f"127.0.0.1:{stack.enter_context(fake('registry', str(root), *switches))}", root
            )

        yield start
