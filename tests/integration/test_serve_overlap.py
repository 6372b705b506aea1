"""What `serve` does with the weights while the engine starts: reads them, and compares them once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aim_runtime.models import manifest
from aim_runtime.models.page_cache import resident_share
from page_cache import drop
from running import FAKE_ENGINE, alive, environment, serving
from tiny_model import write_tiny_model

MODEL = "acme/tiny"
MIB = 1024**2


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(tmp_path / "record.json"),
        HF_ENDPOINT="http://127.0.0.1:1",
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The weights of a model in the cache: 32 MiB, none of it in memory."""
    path = write_tiny_model(tmp_path / "models" / MODEL) / "model.safetensors"
    header = json.dumps({"weight": {"dtype": "U8", "shape": [32 * MIB], "data_offsets": [0, 32 * MIB]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + os.urandom(32 * MIB))
    drop(path)
    return path


def seal(weights: Path) -> str:
    """Write the manifest, and return what the weights add up to."""
    written = manifest.seal(weights.parent, "hf://acme/tiny", "abc", lambda event: None)
    drop(weights)
    return written.files[weights.name].sha256


def test_the_weights_are_in_memory_when_the_engine_is_ready(
    env: dict[str, str], weights: Path, tmp_path: Path
) -> None:
    assert resident_share(weights) == 0.0
    with serving(tmp_path, {**env, "FAKE_ENGINE": "slow"}) as service:
        service.wait_until_said("ready after", 20)
        assert (resident_share(weights) or 0.0) > 0.9
        assert "meanwhile 33.6 MB of weights are read into memory ahead of the engine" in service.said
        assert "read 33.6 MB in" in service.said
        assert service.said.index("read 33.6 MB in") < service.said.index("ready after")
    (tmp_path / "again").mkdir()
    with serving(tmp_path / "again", env) as service:
        service.wait_until_said("ready after", 20)
        assert "meanwhile" not in service.said, "they are in memory already"


def test_a_damaged_shard_stops_the_engine_before_it_is_ready(
    env: dict[str, str], weights: Path, tmp_path: Path
) -> None:
    expected = seal(weights)
    with weights.open("r+b") as file:
        file.seek(16 * MIB)
        file.write(b"wrong")
    with serving(tmp_path, {**env, "FAKE_ENGINE": "slow"}) as service:
        assert service.process.wait(30) == 5
        assert f"{weights} is damaged: SHA-256 {expected} was recorded" in service.said
        assert "ready after" not in service.said
        assert "Traceback" not in service.said
    record = tmp_path / "record.json"
    pids = json.loads(record.read_text())["pids"] if record.exists() else []
    assert not any(map(alive, pids)), "the engine was stopped"
    # The next start does not take it for a whole model: here, where no hub answers, that is an error.
    assert not weights.exists()
    with serving(tmp_path, env) as service:
        assert service.process.wait(30) == 5
        assert "fetching acme/tiny again" in service.said


def test_what_was_verified_is_not_hashed_at_the_next_start(
    env: dict[str, str], weights: Path, tmp_path: Path
) -> None:
    seal(weights)
    compared = "are read and compared with what was recorded"
    for name, expected in (("first", True), ("second", False)):
        (tmp_path / name).mkdir()
        with serving(tmp_path / name, {**env, "FAKE_ENGINE": "slow"}) as service:
            service.wait_until_said("ready after", 20)
            assert (compared in service.said) is expected
            assert ("nothing is damaged" in service.said) is expected
    weights.write_bytes(weights.read_bytes())
    (tmp_path / "third").mkdir()
    with serving(tmp_path / "third", env) as service:
        service.wait_until_said(compared, 20)
