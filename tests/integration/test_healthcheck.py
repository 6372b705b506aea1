"""`healthcheck`: what a container's probe learns of a service that starts, serves, hangs or is not there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from integration.serving_support import fake_environment
from running import environment, free_port, run, serving


def checked(env: dict[str, str], *args: str) -> tuple[int, str]:
    done = run("healthcheck", *args, env=env)
    return done.returncode, done.stdout + done.stderr


def until_ready(env: dict[str, str], timeout_s: float = 60) -> str:
    deadline = time.monotonic() + timeout_s
    while (answer := checked(env))[0]:
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)
    return answer[1]


def test_a_service_from_its_start_to_its_end(tmp_path: Path) -> None:
    env = fake_environment(tmp_path, AIM_MANAGEMENT_PORT=str(free_port()), AIM_MANAGEMENT_HOST="0.0.0.0")
    env["FAKE_ENGINE"] = "slow"
    url = f"http://127.0.0.1:{env['AIM_MANAGEMENT_PORT']}"
    code, said = checked(env)
    assert code == 7
    assert f"nothing answers at {url}/health/ready" in said
    with serving(tmp_path, env) as service:
        service.wait_until_said("engine", 60)
        deadline = time.monotonic() + 30
        while checked(env, "--live")[0]:
            assert time.monotonic() < deadline
        code, said = checked(env)
        assert code == 7
        assert "not ready yet: " in said
        assert until_ready(env) == "ready\n"
        assert checked(env, "--live") == (0, "live\n")
        elsewhere = environment(tmp_path)
        assert checked(elsewhere, "--url", url) == (0, "ready\n")
        assert checked(elsewhere, "--url", f"{url}/health/live", "--live") == (0, "live\n")
        assert service.stop() == 0
    assert checked(env, "--live")[0] == 7


def test_without_a_management_port_the_engine_is_asked(tmp_path: Path) -> None:
    env = {**fake_environment(tmp_path), "AIM_PORT": str(free_port())}
    with serving(tmp_path, env):
        assert until_ready(env) == "ready\n"
        code, said = checked(env, "--url", f"http://127.0.0.1:{env['AIM_PORT']}/nothing?")
        assert (code, said) == (0, "ready\n"), "the path of the URL is asked as it is"


def test_one_that_accepts_and_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        env = environment(tmp_path, AIM_MANAGEMENT_PORT=str(deaf.getsockname()[1]))
        code, said = checked(env, "--timeout", "0.2")
    assert code == 7
    assert "timed out" in said


def test_a_wrong_url_and_a_wrong_variable_are_usage(tmp_path: Path) -> None:
    for url in ("8001", "ftp://127.0.0.1", "http://127.0.0.1:port"):
        code, said = checked(environment(tmp_path), "--url", url)
        assert code == 2
        assert f"--url {url} is not a URL" in said
    code, said = checked(environment(tmp_path, AIM_MANAGEMENT_PORT="many"))
    assert code == 2
    assert "AIM_MANAGEMENT_PORT=many" in said


def test_the_reason_is_in_the_error_for_programs(tmp_path: Path) -> None:
    env = environment(tmp_path, AIM_MANAGEMENT_PORT=str(free_port()), AIM_LOG_FORMAT="json")
    code, said = checked(env)
    assert (code, json.loads(said)["code"]) == (7, "check.service_unreachable")


def test_it_starts_light() -> None:
    """It runs every few seconds for as long as the service does."""
    program = "import json, sys, aim_runtime.cli.healthcheck; json.dump(sorted(sys.modules), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"yaml", "msgspec", "http.client", "ssl", "asyncio", "rich", "aim_runtime.plan"}
