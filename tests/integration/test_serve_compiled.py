"""What an engine compiles is kept from one `serve` to the next: the stand-in leaves a file there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from running import FAKE_ENGINE, environment, serving
from tiny_model import write_tiny_model

MODEL = "acme/tiny"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment whose cache holds a whole model and whose engine is the stand-in."""
    write_tiny_model(tmp_path / "models" / MODEL)
    return environment(tmp_path, AIM_MODEL_ID=MODEL, AIM_ACCELERATOR_TYPE="cpu", PYTHONPATH=str(FAKE_ENGINE))


def start(folder: Path, env: dict[str, str], *args: str) -> dict[str, Any]:
    """Serve until it is ready, and stop; return what the engine saw."""
    folder.mkdir()
    with serving(folder, {**env, "FAKE_ENGINE_RECORD": str(folder / "record.json")}, *args) as service:
        service.wait_until_said("ready after", 20)
        assert service.stop() == 0
        said = service.said
    return {**json.loads((folder / "record.json").read_text()), "said": said}


def kept(seen: dict[str, Any]) -> Path:
    return Path(seen["env"]["VLLM_CACHE_ROOT"])


def test_the_second_start_finds_what_the_first_compiled(env: dict[str, str], tmp_path: Path) -> None:
    first, second = (start(tmp_path / name, env) for name in ("first", "second"))
    assert (first["found"], second["found"]) == ([], ["0-whole"])
    assert kept(first) == kept(second)
    assert kept(first).is_relative_to(tmp_path / "models/.aim/compiled")
    assert {"TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"} <= set(first["env"])
    assert first["env"]["HOME"] == str(tmp_path)
    other = start(tmp_path / "other", env, "--", "--max-model-len", "64")
    assert other["found"] == [], "other arguments, another folder"


def test_an_engine_that_crashed_poisons_nothing(env: dict[str, str], tmp_path: Path) -> None:
    good = start(tmp_path / "good", env)
    with serving(tmp_path, {**env, "FAKE_ENGINE": "crash"}) as service:
        assert service.process.wait(30) == 6
    assert sorted(path.name for path in kept(good).iterdir()) == ["0-whole", "1-crash"]
    assert start(tmp_path / "next", env)["found"] == []
    assert start(tmp_path / "last", env)["found"] == ["0-whole"]


def test_a_service_that_was_killed_while_it_loaded_poisons_nothing(
    env: dict[str, str], tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    slow = {**env, "FAKE_ENGINE": "slow", "FAKE_ENGINE_RECORD": str(record)}
    with serving(tmp_path, slow) as service:
        service.wait_until_said("fake engine:", 20)
        while not record.exists():
            time.sleep(0.05)
        assert service.stop() == 0
    assert start(tmp_path / "next", env)["found"] == []


def test_a_second_service_works_in_a_copy(env: dict[str, str], tmp_path: Path) -> None:
    start(tmp_path / "before", env)
    with serving(tmp_path, env) as first:
        first.wait_until_said("ready after", 20)
        second = start(tmp_path / "second", env)
        assert second["found"] == ["0-whole", "1-whole"]
        assert "another service works in it; it works in a copy of what is there" in second["said"]
        assert not kept(second).exists()
        assert first.stop() == 0
    third = start(tmp_path / "third", env)
    assert third["found"] == ["0-whole", "1-whole"], "what the second compiled is not among it"


def test_where_it_cannot_be_kept_the_service_runs_all_the_same(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "models/.aim").mkdir()
    (tmp_path / "models/.aim/compiled").touch()
    seen = start(tmp_path / "start", env)
    assert seen["found"] == []
    assert not kept(seen).is_relative_to(tmp_path / "models")
    assert "what the engine compiles is not kept in" in seen["said"]


def test_the_users_own_folder_wins(env: dict[str, str], tmp_path: Path) -> None:
    seen = start(tmp_path / "start", {**env, "VLLM_CACHE_ROOT": str(tmp_path / "mine")})
    assert kept(seen) == tmp_path / "mine"
    assert Path(seen["env"]["TRITON_CACHE_DIR"]).is_relative_to(tmp_path / "models/.aim/compiled")
    assert f"VLLM_CACHE_ROOT={tmp_path / 'mine'} of the environment replaces" in seen["said"]


def test_without_a_home_the_engine_gets_one(env: dict[str, str], tmp_path: Path) -> None:
    homeless = {name: value for name, value in env.items() if name != "HOME"}
    seen = start(tmp_path / "start", homeless)
    home = Path(seen["env"]["HOME"])
    assert home.is_dir()
    assert home.is_relative_to(tmp_path / "models/.aim/compiled")
    assert Path(seen["env"]["XDG_CACHE_HOME"]) == home / ".cache"
