"""Serving where another program's cache holds a damaged copy: ours is fetched, and that one is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fakes.hub import write_model
from integration.models.support import StartHub
from running import FAKE_ENGINE, environment, free_port, run, serving

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


@pytest.mark.parametrize("index", [True, False], ids=["index", "no index"])
def test_a_quantised_model_that_lacks_a_shard_never_reaches_the_engine(tmp_path: Path, index: bool) -> None:
    """Engines serve garbage then, and say nothing (SGLang #32279, vLLM #34859, #38336)."""
    folder = write_model(tmp_path / "copied", shards=3)
    quantised = {"architectures": ["LlamaForCausalLM"], "quantization_config": {"quant_method": "fp8"}}
    (folder / "config.json").write_text(json.dumps(quantised))
    (folder / "model-00002-of-00003.safetensors").unlink()
    if not index:
        (folder / "model.safetensors.index.json").unlink()
    record = tmp_path / "record.json"
    env = environment(
        tmp_path,
        AIM_MODEL_ID=f"file://{folder}",
        AIM_PORT=str(free_port()),
        AIM_ACCELERATOR_TYPE="cpu",
        PYTHONPATH=str(FAKE_ENGINE),
        FAKE_ENGINE_RECORD=str(record),
    )
    done = run("serve", env=env)
    assert done.returncode == 5, done.stderr
    assert "model-00002-of-00003.safetensors is missing" in done.stderr
    assert not record.exists()
