"""Trees of machines, each written once: tests that change one write their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machines import MACHINES, write
from machines.files import scratch


@pytest.fixture(scope="session")
def tree() -> Iterator[Callable[[str], Path]]:
    """The root of the machine of a name; nobody may change what is below it."""
    written: dict[str, Path] = {}
    with scratch() as folder:

        def root(name: str) -> Path:
            if name not in written:
                written[name] = write(MACHINES[name](), folder / str(len(written)))
            return written[name]

        yield root


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory, to write a machine into."""
    with scratch() as folder:
        yield folder
