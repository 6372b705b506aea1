"""The Python of docs/api.md, run against the real engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.conftest import Running

pytestmark = pytest.mark.engine
PAGE = Path(__file__).parents[2] / "docs/api.md"


def test_the_python_block_prints_its_answers(smollm2: Running) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    code = code.replace("http://localhost:8000", smollm2.service.url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    streamed, responded, *schema, choice = done.stdout.strip().splitlines()
    assert re.fullmatch(r"The capital of Japan is Tokyo\. \(\d+ tokens\)", streamed)
    assert responded == "The capital of Japan is Tokyo."
    assert json.loads("".join(schema))["city"] in ("Tokyo", "Paris")
    assert choice in ("Kyoto", "Osaka")
