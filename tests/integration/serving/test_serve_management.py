"""`serve` with its management port: what it tells from the start to the end of a service."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from integration.serving_support import MODEL, fake_environment
from running import Service, free_port, serving

KEY = "sesame-open-9"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return fake_environment(tmp_path, AIM_MANAGEMENT_PORT=str(free_port()))


def get(env: dict[str, str], path: str) -> tuple[int, str]:
    """Status and text; status 0 where nobody listens."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{env['AIM_MANAGEMENT_PORT']}{path}", timeout=5
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def status(env: dict[str, str], lines: int = 1) -> dict[str, Any]:
    code, text = get(env, f"/status?lines={lines}")
    found: dict[str, Any] = json.loads(text) if code else {}
    return found


def until(service: Service, condition: Any, timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert service.process.poll() is None, service.said
        assert time.monotonic() < deadline, service.said
        time.sleep(0.02)


def test_from_the_start_to_the_end(env: dict[str, str], tmp_path: Path) -> None:
    env = {**env, "FAKE_ENGINE": "slow", "VLLM_API_KEY": KEY}
    with serving(tmp_path, env) as service:
        until(service, lambda: get(env, "/livez")[0] == 200)
        assert get(env, "/readyz")[0] == 503, "it answers before there is anything to serve with"
        until(service, lambda: status(env).get("plan") is not None)
        until(service, lambda: get(env, "/readyz")[0] == 200)
        found = status(env, 50)
        assert found["phase"] == "ready"
        assert found["plan"]["profile"]["id"] == "general/vllm-cpu-bf16-tp1-latency"
        assert found["engine"]["alive"]
        assert found["weights"]["cache_hit"] is True
        assert [each["phase"] for each in found["stages"]][-1] == "ready"
        assert any("fake engine" in line for line in found["lines"])
        texts = [get(env, path)[1] for path in ("/status?lines=100", "/metrics", "/v1/metadata", "/")]
        assert not any(KEY in text for text in texts)
        assert 'aim_phase{phase="ready"} 1' in texts[1]
        assert f"status page http://localhost:{env['AIM_MANAGEMENT_PORT']}/" in service.said
        asked = urllib.request.Request(
            f"http://127.0.0.1:{env['AIM_MANAGEMENT_PORT']}/try",
            json.dumps({"model": MODEL, "messages": []}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert json.loads(answer.read())["choices"][0]["message"]["content"] == "Paris."
        assert service.stop() == 0
    assert get(env, "/livez")[0] == 0


def test_a_taken_port_does_not_end_serving(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    with serving(tmp_path / "first", env) as first:
        first.wait_until_said("ready after", 20)
        with serving(tmp_path, env) as second:
            second.wait_until_said("ready after", 20)
            assert "cannot be listened on (Address already in use)" in second.said
            assert second.stop() == 0
        assert get(env, "/readyz")[0] == 200


def test_none_is_none(env: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, {**env, "AIM_MANAGEMENT_PORT": ""}) as service:
        service.wait_until_said("ready after", 20)
        assert "status page" not in service.said
        assert service.stop() == 0
