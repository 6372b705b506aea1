"""What is refused here of values and of options together, vLLM itself refuses; what is taken, it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines import args
from aim_runtime.engines.launch import Argument, Layer
from aim_runtime.engines.vllm import options_for

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 128,
    "max_position_embeddings": 4096,
}
REFUSED: dict[str, dict[str, Any]] = {
    "value missing": {"max-num-seqs": None},
    "value is true": {"max-num-seqs": True},
    "mapping missing": {"compilation-config": None},
    "dotted part missing": {"compilation-config.mode": None},
    "list missing": {"served-model-name": None},
    "list empty": {"cudagraph-capture-sizes": []},
    "repeated one missing": {"middleware": None},
    "flag with a value": {"headless": "true"},
    "switch with a value": {"enable-prefix-caching": "true"},
    "two values": {"max-num-seqs": [1, 2]},
    "word for a number": {"max-num-seqs": "many"},
    "fraction for a whole number": {"max-num-seqs": 8.0},
    "size for a plain number": {"max-num-seqs": "8k"},
    "fraction of a binary size": {"max-num-batched-tokens": "8.5K"},
    "auto for a size": {"max-num-batched-tokens": "auto"},
    "word for a length": {"max-model-len": "long"},
    "word in a list of numbers": {"cudagraph-capture-sizes": [1, "x"]},
    "word for a fraction": {"gpu-memory-utilization": "high"},
    "no JSON": {"limit-mm-per-prompt": "image=2"},
    "no choice": {"dtype": "fp16"},
    "no memory": {"gpu-memory-utilization": 0},
    "more than all memory": {"gpu-memory-utilization": 1.1},
    "no sequences": {"max-num-seqs": 0},
    "no tokens": {"max-num-batched-tokens": 0},
    "fewer tokens than sequences": {"max-num-batched-tokens": 128, "max-num-seqs": 256},
    "a prompt in one step": {
        **{"max-num-batched-tokens": "1k", "max-num-seqs": 8, "max-model-len": "2K"},
        "enable-chunked-prefill": False,
    },
    "tools without a parser": {"enable-auto-tool-choice": None},
    "outputs without requests": {"enable-log-outputs": None},
    "metrics without statistics": {"enable-per-request-metrics": None, "disable-log-stats": None},
}
TAKEN: dict[str, dict[str, Any]] = {
    "sizes": {"max-num-seqs": "1_000", "max-num-batched-tokens": "8k", "max-model-len": "2K"},
    "the model's length": {"max-model-len": "auto"},
    "the model's length as a number": {"max-model-len": -1},
    "chunked prefill": {"max-num-batched-tokens": 1024, "max-num-seqs": 8, "max-model-len": 2048},
    "tokens alone": {"max-num-batched-tokens": 128},
    "as many tokens as sequences": {"max-num-batched-tokens": 256, "max-num-seqs": 256},
    "not given": {"max-num-seqs": False, "headless": False},
    "a list of one": {"max-num-seqs": [8]},
    "value that may be missing": {"hf-token": None},
    "word for nothing": {"max-log-len": "None"},
    "all memory": {"gpu-memory-utilization": 1},
    "JSON": {"compilation-config": {"mode": 0}, "limit-mm-per-prompt": '{"image": 2}'},
    "dotted": {"compilation-config.mode": 0},
    "outputs and requests": {"enable-log-outputs": None, "enable-log-requests": True},
    "tools": {"enable-auto-tool-choice": True, "tool-call-parser": "hermes"},
}


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """What vLLM says to each list; one import of vLLM for all of them."""
    model = tmp_path_factory.mktemp("model")
    (model / "config.json").write_text(json.dumps(CONFIG))
    asked = [{"id": name, "argv": argv(given)} for name, given in {**REFUSED, **TAKEN}.items()]
    script = Path(__file__).with_name("check_arguments.py")
    command = [sys.executable, script, model]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, str | None] = json.loads(done.stdout)
    return answer


def argv(given: dict[str, Any]) -> list[str]:
    options = options_for(None)
    normal = args.normal(given, options)
    return [
        token for key in normal for token in args.to_argv(Argument(key, normal[key], Layer.PROFILE), options)
    ]


def ours(given: dict[str, Any]) -> list[str]:
    options = options_for(None)
    return list(options.problems(args.normal(given, options)))


@pytest.mark.engine
@pytest.mark.parametrize("name", REFUSED)
def test_the_engine_refuses_what_is_refused_here(complaints: dict[str, str | None], name: str) -> None:
    assert len(ours(REFUSED[name])) == 1
    assert complaints[name]


@pytest.mark.engine
@pytest.mark.parametrize("name", TAKEN)
def test_the_engine_takes_what_is_taken_here(complaints: dict[str, str | None], name: str) -> None:
    assert ours(TAKEN[name]) == []
    assert complaints[name] is None
