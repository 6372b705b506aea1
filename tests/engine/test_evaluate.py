"""The shipped tasks, asked of the real model: by the likelihood of answers and by what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.conftest import Running
from running import AIM, run

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not AIM.with_name("lm_eval").exists(), reason="lm-eval is not installed: make evaluate"
    ),
]


def test_the_model_answers_some_questions_of_each_kind(smollm2: Running, tmp_path: Path) -> None:
    more = ("--task", "aim-smoke", "--limit", "6", "--output-dir", str(tmp_path))
    done = run("evaluate", "--service-url", smollm2.service.url, *more, env=smollm2.env, timeout_s=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    checks = {check["name"]: check["value"] for check in found["checks"]}
    assert checks.keys() == {"accuracy", "eval_aim_answers", "eval_aim_choices"}
    # 6 capitals, all of which it knows, and 6 questions with four answers each.
    assert checks["eval_aim_answers"] >= 5 / 6
    assert 0 < checks["eval_aim_choices"] <= 1
    assert found["metrics"]["questions"] == 12
