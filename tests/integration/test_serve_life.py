"""What Life says while a service starts, serves, fails and ends: read as the management port reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.serving_support import fake_environment
from integration.test_serve_failures import profiles
from running import free_port

# Serves through the library, and prints what was seen of the life: at every event, and at the end.
PROGRAM = """
import json, logging, os, signal, sys
from aim_runtime.errors import AimError
from aim_runtime.plan import make_plan
from aim_runtime.serve import Ready, Stopped, Voice, serve, stop_signals
from aim_runtime.serving.life import Life
from aim_runtime.settings import Settings
from aim_runtime.site import survey

settings, life, at_ready = Settings.from_env(os.environ), Life(), {}

def seen():
    view = life.view()
    return {
        "phases": [stage.phase for stage in view.stages],
        "alive": view.engine_alive,
        "answers": view.answers,
        "pid": view.engine_pid,
        "failure": view.failure.code if view.failure else None,
        "attempts": [[each.profile, each.failure.code, each.next_step] for each in view.attempts],
        "hit": view.cache_hit,
    }

def tell(event):
    if isinstance(event, Ready):
        at_ready.update(seen())
        os.kill(os.getpid(), signal.SIGTERM)

with stop_signals() as stop:
    plan = make_plan(settings, survey(settings, stop.check, dict(os.environ)))
    try:
        serve(plan, Voice(tell, logging.getLogger("engine"), str), dict(os.environ), stop, life)
    except (Stopped, AimError) as end:
        print(json.dumps({"ready": at_ready, "end": seen(), "by": type(end).__name__}))
"""


def lived(env: dict[str, str], **more: str) -> dict[str, Any]:
    env = {**env, "AIM_PORT": str(free_port()), **more}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, text=True, check=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return fake_environment(tmp_path)


def test_from_the_start_to_the_end(env: dict[str, str]) -> None:
    seen = lived(env)
    ready, end = seen["ready"], seen["end"]
    assert ready["phases"] == ["surveying", "starting the engine", "ready"]
    assert ready["alive"] is ready["answers"] is ready["hit"] is True
    assert ready["pid"] == json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())["pids"][0]
    assert end["phases"][-2:] == ["draining", "stopped"]
    assert end["alive"] is end["answers"] is False
    assert end["failure"] is None
    assert seen["by"] == "Stopped"


def test_every_attempt_is_there(env: dict[str, str], tmp_path: Path) -> None:
    env |= profiles(tmp_path, "crash", "crash", "fine")
    first, second, third = (
        f"custom/general/vllm-cpu-{each}-tp1-latency" for each in ("fp16", "bf16", "fp32")
    )
    seen = lived(env, AIM_ON_FAILURE="next-profile")
    assert seen["ready"]["attempts"] == [
        [first, "engine.exited", f"profile {second}"],
        [second, "engine.exited", f"profile {third}"],
    ]
    assert seen["ready"]["failure"] is None


def test_the_last_failure_stays(env: dict[str, str]) -> None:
    seen = lived(env, FAKE_ENGINE="hang", AIM_READY_SECONDS="1")
    assert seen["by"] == "EngineNeverReady"
    assert seen["end"]["phases"][-1] == "failed"
    assert seen["end"]["failure"] == "engine.never_ready"
    assert seen["end"]["alive"] is False
    assert [step for _, _, step in seen["end"]["attempts"]] == ["stop"]


LAST_WORDS = {
    "loading weights": "Starting to load model",
    "compiling": "Using cache directory",
    "capturing graphs": "Capturing",
    "warming": "Graph capturing finished",
}


@pytest.mark.parametrize("phase", LAST_WORDS)
def test_a_crash_in_each_phase(phase: str, env: dict[str, str], tmp_path: Path) -> None:
    """The engine says what a real one said, up to that phase, and crashes."""
    said = (Path(__file__).parents[1] / "unit/engines/logs/vllm-0.9-gpu.log").read_text().splitlines()
    until = next(number for number, line in enumerate(said) if LAST_WORDS[phase] in line)
    (tmp_path / "log").write_text("\n".join(said[: until + 1]))
    seen = lived(env, FAKE_ENGINE="crash", FAKE_ENGINE_LOG=str(tmp_path / "log"))
    assert seen["end"]["phases"][-2:] == [phase, "failed"]
    assert seen["end"]["failure"] == "engine.exited"
