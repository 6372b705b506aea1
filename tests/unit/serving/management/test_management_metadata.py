"""/v1/metadata and /v1/version, with a plan and without."""

from __future__ import annotations

from aim_runtime.serving.management.metadata import metadata, release
from aim_runtime.version import __version__
from aim_runtime.vocabulary import Phase
from unit.serving.views import FULL, view


def test_what_is_served() -> None:
    found = metadata(FULL)
    (attempt,) = found.pop("attempts")
    assert (attempt["profile"], attempt["next_step"]) == ("vllm-mi300x-fp16-tp4-latency", "the next profile")
    assert attempt["failure"]["code"] == "engine.kv_too_small"
    assert found == {
        "version": __version__,
        "modelInfo": [{"shortName": "acme/model", "modelUrl": "hf://acme/model"}],
        "selectedModelProfileId": "vllm-mi300x-fp16-tp8-latency",
        "assetInfo": ["hf://acme/model"],
        "licenseInfo": {"name": "MIT"},
        "adapters": ["one"],
    }
    engine = {"name": "vllm", "version": "0.32.0"}
    assert release(FULL) == {"release": __version__, "api": "v1", "engine": engine}


def test_before_there_is_a_plan() -> None:
    found = metadata(view(Phase.SURVEYING))
    assert found["version"] == __version__
    assert not any(value for name, value in found.items() if name != "version")
    assert release(view(Phase.SURVEYING))["engine"] is None
