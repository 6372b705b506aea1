"""`validate` against the real engine: it is what it should be, and so every check passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.validate.listed import NAMES
from engine.conftest import ASSISTANT, Guarded, Running
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


def test_tools_behind_a_key_and_tls(guarded: Guarded, tmp_path: Path) -> None:
    config = tmp_path / "checks.yaml"
    config.write_text("capabilities: {tool_calling: true}\n")
    env = {**guarded.env, "SSL_CERT_FILE": str(guarded.certificate)}
    asked = ("validate", "--service-url", guarded.url, "--scope", "offline", "--model", ASSISTANT)
    only = ("--check", "tool_invocation", "--check", "tool_avoidance")
    done = run(*asked, *only, "--config", str(config), env=env, timeout_s=WITHIN_S)
    assert done.returncode == 0, done.stderr
    assert 'get_weather({"city": ' in checks(done.stdout)["tool_invocation"]["detail"]
    assert guarded.key not in done.stdout + done.stderr
    without = {name: value for name, value in env.items() if not name.startswith("VLLM_API_KEY")}
    done = run(*asked, "--startup-timeout", "0", env=without)
    assert done.returncode == 7
    assert "answered 401" in done.stderr
    assert "set VLLM_API_KEY" in done.stderr


def test_what_only_the_engines_own_parser_refuses_fails(tmp_path: Path) -> None:
    arguments = json.dumps({"compilation-config": {"mode": "banana"}})
    env = environment(tmp_path, AIM_ID=SMOLLM2, AIM_ACCELERATOR_TYPE="cpu", AIM_ENGINE_ARGS=arguments)
    done = run("validate", "--scope", "runtime", env=env, timeout_s=WITHIN_S)
    assert done.returncode == 7
    found = checks(done.stdout)
    assert found["profile_schema"]["success"]
    assert "Invalid compilation mode: banana" in found["engine_validation"]["detail"]
    assert SMOLLM2 in found["profile_schema"]["detail"]
