"""Serving where another program's cache holds a damaged copy: ours is fetched, and that one is served."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.hub import write_model
from integration.models.support import StartHub
from running import FAKE_ENGINE, environment, serving

MODEL = "acme/tiny"


def test_a_damaged_hub_copy_is_left_and_a_whole_one_is_served(tmp_path: Path, start_hub: StartHub) -> None:
    hub = start_hub()
    write_model(hub.root / MODEL)
    snapshot = tmp_path / "models/hub/models--acme--tiny/snapshots/main"
    write_model(snapshot)
    weights = snapshot / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    record = tmp_path / "record.json"
    env = environment(
        tmp_path,
        AIM_MODEL_ID=MODEL,
        AIM_ACCELERATOR_TYPE="cpu",
        HF_ENDPOINT=hub.endpoint,
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(record),
    )
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 30)
        assert f"{snapshot} is damaged" in service.said
        assert service.stop() == 0
    argv = json.loads(record.read_text())["argv"]
    assert argv[argv.index("--model") + 1] == str(tmp_path / "models" / MODEL)
    assert weights.exists()
