"""LoRA adapters from the environment to the engine's arguments, with a stand-in for the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from running import FAKE_ENGINE, environment, run, serving
from tiny_model import write_tiny_model
from unit.adapters import adapter

MODEL = "acme/tiny"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    write_tiny_model(tmp_path / "models" / MODEL)
    return environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        AIM_ADAPTER_SOURCE=str(tmp_path / "adapters"),
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(tmp_path / "record.json"),
    )


def test_dry_run_shows_what_serve_does(env: dict[str, str], tmp_path: Path) -> None:
    poet = adapter(tmp_path / "adapters", "poet", base_model_name_or_path=MODEL)
    adapter(tmp_path / "adapters", "giant", r=64)
    done = run("dry-run", "--format", "json", env=env)
    (plan,) = json.loads(done.stdout)
    shown = {each["key"]: each["value"] for each in plan["arguments"] if each["from"] == "machine"}
    assert shown["lora-modules"] == [f"poet={poet}"]
    assert "the adapter giant is skipped: its rank 64 is more than 32" in done.stderr
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        assert "  adapters poet\n" in service.said
        assert service.stop() == 0
    argv = json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())["argv"]
    assert argv[argv.index("--lora-modules") + 1] == f"poet={poet}"


def test_without_an_adapter_lora_stays_off(env: dict[str, str]) -> None:
    done = run("dry-run", "--format", "shell", env=env)
    assert "-lora" not in done.stdout.partition("exec ")[2]
    assert "there is no such folder, so there are no adapters" in done.stderr


def test_dynamic_adapters_are_watched_for(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "adapters").mkdir()
    env |= {"AIM_ADAPTER_MODE": "dynamic", "AIM_ADAPTER_REFRESH_INTERVAL": "5"}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 20)
        assert f"  adapters those in {tmp_path / 'adapters'}, looked at every 5 s" in service.said
        assert service.stop() == 0
    seen = json.loads(Path(env["FAKE_ENGINE_RECORD"]).read_text())
    assert "--enable-lora" in seen["argv"]
    assert "--lora-modules" not in seen["argv"]
    assert seen["env"]["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"
