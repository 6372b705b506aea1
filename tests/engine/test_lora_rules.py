"""What is known of the adapters that vLLM refuses is what it says itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unit.adapters import CONFIG
from unit.engines.test_vllm_adapters import REFUSED, TAKEN

pytestmark = pytest.mark.engine


def test_vllm_says_the_same() -> None:
    asked = [_whole(each) for each in (*(config for config, _ in REFUSED), *TAKEN)]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("ask_peft.py")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    refused = [config for config, words in zip(asked, said, strict=True) if words]
    assert refused == asked[: len(REFUSED)], said


def _whole(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
