"""README's Python block, run against the real engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.conftest import Running

pytestmark = pytest.mark.engine
README = Path(__file__).parents[2] / "README.md"


def test_the_python_block_answers_as_its_comment_says(smollm2: Running) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    code = code.replace("http://localhost:8000", smollm2.service.url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    promised = re.search(r"# (.*)$", code, re.MULTILINE)
    assert promised is not None
    assert done.stdout.strip() == promised[1]
