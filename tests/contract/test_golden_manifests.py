"""The manifests in tests/golden are what the command line writes; `make generate` writes them anew."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from contract.semantic import findings

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((ROOT / "tests" / "golden").glob("kubernetes-*.yaml"))


def test_manifests_are_as_they_were() -> None:
    command = [sys.executable, "scripts/generate_manifests.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\nlook at the difference; then: make generate"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_is_compared_with_is_right_itself(path: Path) -> None:
    assert findings(list(yaml.safe_load_all(path.read_text(encoding="utf-8")))) == []


def test_the_page_shows_what_is_written() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    written = "".join(path.read_text(encoding="utf-8") for path in GOLDEN)
    assert shown
    for block in shown:
        for part in re.split(r"^ *# …\n", block, flags=re.MULTILINE):
            assert part in written, part
