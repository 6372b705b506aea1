"""`validate` against the real engine: it is what it should be, and so every check passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.validate.listed import NAMES
from engine.conftest import Running
from running import SMOLLM2, environment, run

pytestmark = pytest.mark.engine
# One token after the other on cores that other tests use too.
WITHIN_S = 400


def checks(text: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(text)["checks"]}


def test_every_check_passes(smollm2: Running) -> None:
    done = run("validate", "--service-url", smollm2.service.url, env=smollm2.env, timeout_s=WITHIN_S)
    assert done.returncode == 0, done.stderr
    found = checks(done.stdout)
    assert list(found) == list(NAMES)
    skipped = {name for name, each in found.items() if each["skipped"]}
    assert skipped == {"tool_invocation", "tool_avoidance", "reasoning"}
    assert [each["warnings"] for each in found.values() if each["warnings"]] == []
    assert "by its own parser" in found["engine_validation"]["detail"]
    assert "(echo, choice)" in found["unicode"]["detail"]
    assert found["cancellation"]["value"] < 10


def test_what_only_the_engines_own_parser_refuses_fails(tmp_path: Path) -> None:
    arguments = json.dumps({"compilation-config": {"mode": "banana"}})
    env = environment(tmp_path, AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu", AIM_ENGINE_ARGS=arguments)
    done = run("validate", "--scope", "runtime", env=env, timeout_s=WITHIN_S)
    assert done.returncode == 7
    found = checks(done.stdout)
    assert found["profile_schema"]["success"]
    assert "Invalid compilation mode: banana" in found["engine_validation"]["detail"]
    assert SMOLLM2 in found["profile_schema"]["detail"]
