"""The real engine fails, and its failure is told in words: the corpus is what the installed version says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.failure import Failure
from aim_runtime.engines.launch import Argument, Launch, Layer
from aim_runtime.engines.vllm import Vllm

pytestmark = pytest.mark.engine

HERE = Path(__file__).parent
# One import of vLLM and a start of its core, on two busy cores.
WITHIN_S = 420


@dataclass(frozen=True)
class Case:
    """What is given to the engine, and what is to be said of it."""

    arguments: dict[str, Any]
    code: str
    says: str
    hint: str
    config: dict[str, Any] | None = None


CASES = {
    "argument": Case(
        {"no-such-option": "3"},
        "engine.argument_refused",
        "the engine has no argument --no-such-option (from AIM_ENGINE_ARGS)",
        'take "no-such-option" out of AIM_ENGINE_ARGS',
    ),
    "choice": Case(
        {"kv-cache-dtype": "fp3"},
        "engine.argument_refused",
        "--kv-cache-dtype (from AIM_ENGINE_ARGS): invalid choice: 'fp3'",
        'correct "kv-cache-dtype" in AIM_ENGINE_ARGS',
    ),
    "setting": Case(
        {"max-num-seqs": 0},
        "engine.setting_invalid",
        "max-num-seqs 0 (from AIM_ENGINE_ARGS): input should be greater than or equal to 1",
        'correct "max-num-seqs" in AIM_ENGINE_ARGS',
    ),
    "context": Case(
        {"max-model-len": 100000},
        "engine.context_too_long",
        "max-model-len 100000 (from AIM_ENGINE_ARGS) is more than the model's 8192",
        'in AIM_ENGINE_ARGS put "max-model-len": 8192',
    ),
    "parser": Case(
        {"enable-auto-tool-choice": None, "tool-call-parser": "hermess"},
        "engine.parser_missing",
        "the engine has no tool parser hermess (from AIM_ENGINE_ARGS)",
        'in AIM_ENGINE_ARGS put "tool-call-parser": "hermes"; its parsers: ',
    ),
    "architecture": Case(
        {},
        "engine.unsupported_architecture",
        "this engine has no code for the architecture ZebraForCausalLM",
        "serve another model",
        {"architectures": ["ZebraForCausalLM"]},
    ),
    "quantization": Case(
        {"quantization": "bitsandbytes"},
        "engine.unsupported_quantization",
        "the engine cannot use the quantization bitsandbytes here (from AIM_ENGINE_ARGS)",
        'correct "quantization" in AIM_ENGINE_ARGS',
    ),
    "remote_code": Case(
        {},
        "engine.remote_code",
        "Python code of its own",
        "trust-remote-code",
        {"architectures": ["Zebra"], "model_type": "zebra", "auto_map": {"AutoConfig": "zebra.ZebraConfig"}},
    ),
    "port": Case({}, "engine.port_taken", "the port is taken", "set AIM_PORT to another port"),
    # More than the 1 GiB of VLLM_CPU_KVCACHE_SPACE; this one starts the engine's core.
    "kv_cache": Case(
        {"max-model-len": 1000000, "enforce-eager": None},
        "engine.kv_cache_too_small",
        "needs 1.43 GiB of KV cache, 1.0 GiB are there: room for 698880 tokens",
        'in AIM_ENGINE_ARGS put "max-model-len": 698880',
        {"max_position_embeddings": 2097152},
    ),
}
_TAKEN = "port"


@dataclass(frozen=True)
class Ended:
    """The folder with what the engine said in each case, and the port that was taken."""

    folder: Path
    port: int

    def failure(self, name: str) -> Failure:
        text = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        code = int((self.folder / f"{name}.code").read_text())
        return Vllm().failure(
            [Vllm().line(line) for line in text.splitlines()], code, launch(name, self.port)
        )


def launch(name: str, port: int) -> Launch:
    given = tuple(Argument(*pair, Layer.ENGINE_ARGS) for pair in CASES[name].arguments.items())
    return Launch(("vllm",), (), given, "/health", port)


def model(home: Path, name: str, changes: dict[str, Any] | None, tiny: Path) -> Path:
    """The tiny model, or one beside it with other words in its config.json."""
    if changes is None:
        return tiny
    folder = home / f"model-{name}"
    folder.mkdir()
    for file in tiny.iterdir():
        (folder / file.name).symlink_to(file)
    config = json.loads((tiny / "config.json").read_text())
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return folder


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """All cases, provoked."""
    home = tmp_path_factory.mktemp("failures")
    tiny = home / "tiny"
    make = [sys.executable, str(HERE / "make_tiny_models.py"), f"llama={tiny}"]
    subprocess.run(make, check=True, capture_output=True)
    with socket.socket() as listener, socket.socket() as other:
        listener.bind(("", 0))
        listener.listen()
        other.bind(("", 0))
        free, taken = other.getsockname()[1], listener.getsockname()[1]
        other.close()
        asked = {}
        for name, case in CASES.items():
            words = [f"--model={model(home, name, case.config, tiny)}", "--skip-tokenizer-init"]
            words += [f"--port={taken if name == _TAKEN else free}"]
            for key, value in case.arguments.items():
                words += [f"--{key}"] if value is None else [f"--{key}", str(value)]
            asked[name] = words
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
        subprocess.run(
            [sys.executable, str(HERE / "provoke.py"), str(home)],
            input=json.dumps(asked),
            text=True,
            env=environment,
            check=True,
            capture_output=True,
            timeout=WITHIN_S,
        )
        yield Ended(home, taken)


@pytest.mark.parametrize("name", CASES)
def test_a_real_failure_is_told_in_words(name: str, ended: Ended) -> None:
    case, found = CASES[name], ended.failure(name)
    assert found.code == case.code, found
    assert case.says in found.message
    assert case.hint in found.hint
