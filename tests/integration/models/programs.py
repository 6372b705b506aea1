"""Fakes that print their port as the first line, and run until the test ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FAKES = Path(__file__).parents[2] / "fakes"


@contextmanager
def fake(name: str, *args: str) -> Iterator[int]:
    """Run tests/fakes/NAME.py; its port."""
    argv = [sys.executable, str(FAKES / f"{name}.py"), *args]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()
