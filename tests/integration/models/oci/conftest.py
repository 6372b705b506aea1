"""Registries on the loopback: Docker's own, one for a module, and fakes with whatever is wrong."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.models.oci.support import REGISTRY, FakeRegistry, StartRegistry
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
            running = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(REGISTRY), str(root), *switches], stdout=subprocess.PIPE, text=True
                )
            )
            stack.callback(running.kill)
            assert running.stdout is not None
            return FakeRegistry(f"127.0.0.1:{int(running.stdout.readline())}", root)

        yield start
