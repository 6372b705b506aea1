"""The generated reference pages are those that the code would write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from aim_runtime.engines.failures import KINDS

ROOT = Path(__file__).parents[2]


def test_the_reference_pages_are_not_stale() -> None:
    command = [sys.executable, "scripts/generate_reference.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_code_of_a_failure_is_on_its_page() -> None:
    page = (ROOT / "docs/reference/failures.md").read_text(encoding="utf-8")
    assert [code for code in KINDS if f"| `{code}` |" not in page] == []
