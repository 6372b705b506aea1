"""What a plan comes to, in plain values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from aim_runtime.engines.launch import Argument, EnvironmentVariable, Layer
from aim_runtime.models import manifest
from aim_runtime.slo import parse_slo
from aim_runtime.summary import summary
from unit.test_plan import COHERE, declared, plan

SECRET = "sesame-open-9"


def test_what_is_served_and_why(tmp_path: Path) -> None:
    found = summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE, port=9000))
    assert found["model_id"] == found["aim_id"] == COHERE
    assert found["source"] == f"hf://{COHERE}"
    assert "CC-BY-NC-4.0" in found["license"]
    assert found["profile"] == {
        "id": "vllm-mi300x-fp16-tp8-latency",
        "precision": "fp16",
        "metric": "latency",
        "type": "optimized",
    }
    assert "ranks first by" in found["why"]
    assert (found["accelerators"]["model"], found["accelerators"]["count"]) == ("MI300X", 8)
    assert found["memory"]["kv_cache_tokens"] > 1_000_000
    assert "KV cache" in found["fit"]
    assert found["engine"] == {"name": "vllm", "version": "0.32.0"}
    assert found["url"] == "http://localhost:9000/v1"
    assert {"key": "port", "value": 9000, "from": "runtime"} in found["arguments"]


def test_the_service_level_is_told(tmp_path: Path) -> None:
    asked = plan(tmp_path, declared("MI300X"), aim_id=COHERE, slo=parse_slo("tpot_p90_ms<=50"))
    assert summary(asked)["slo"] == "tpot_p90_ms<=50"
    assert summary(asked)["service_level"].startswith("no evidence: no figures were published with it (")
    assert any("no profile that may be taken is known to meet it" in each for each in asked.warnings)
    unasked = summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE))
    assert (unasked["slo"], unasked["service_level"]) == (None, None)


def test_the_source_that_was_taken(tmp_path: Path) -> None:
    """Not the one that was asked for first, where another stood in."""
    folder = tmp_path / "weights"
    folder.mkdir()
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    assert summary(found, folder)["source"] == f"hf://{COHERE}", "nothing is written down there"
    (folder / "config.json").write_text("{}")
    manifest.seal(folder, "pypi://other==1/model", None, lambda _: None)
    assert summary(found, folder)["source"] == "pypi://other==1/model"


def test_each_value_has_who_gave_it(tmp_path: Path) -> None:
    asked = {"engine_args": {"max-num-seqs": 7}, "extra_args": ("--max-model-len", "2048")}
    found = summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE, **asked))
    layers = {each["key"]: (each["value"], each["from"]) for each in found["arguments"]}
    assert layers["max-num-seqs"] == (7, "AIM_ENGINE_ARGS")
    assert layers["max-model-len"] == ("2048", "command line")
    assert layers["dtype"] == ("float16", "profile")


def test_no_secret_is_in_it_and_it_is_json(tmp_path: Path) -> None:
    """A user's are refused before; what a profile brings is hidden."""
    found = plan(tmp_path, declared("MI300X"), aim_id=COHERE)
    launch = replace(
        found.launch,
        command=(*found.launch.command, "--api-key", SECRET, f"{SECRET}2", "--seed", "7"),
        arguments=(*found.launch.arguments, Argument("hf_token", SECRET, Layer.PROFILE)),
        variables=(*found.launch.variables, EnvironmentVariable("VLLM_API_KEY", SECRET, Layer.PROFILE)),
    )
    told = summary(replace(found, launch=launch))
    assert SECRET not in json.dumps(told)
    assert told["command"][-5:] == ["--api-key", "***", "***", "--seed", "7"]
    assert told["arguments"][-1] == {"key": "hf_token", "value": "***", "from": "profile"}
    assert told["variables"][-1]["value"] == "***"


def test_tls_is_in_the_address(tmp_path: Path) -> None:
    asked = {"engine_args": {"ssl-certfile": "/etc/tls/tls.crt", "ssl-keyfile": "/etc/tls/tls.key"}}
    assert summary(plan(tmp_path, declared("MI300X"), aim_id=COHERE, **asked))["url"].startswith("https://")
