"""The memory arithmetic against the real engine: what its KV cache holds, and what it does not start with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.engines.vllm_memory import demand
from aim_runtime.models.architecture import Architecture
from aim_runtime.profiles.fit import Fit, fit
from running import environment

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
MIB = 1024**2
# More than any of these models needs beside its KV cache: that one is what is looked at here.
MEMORY_BYTES = 64 * 1024 * MIB
TOLERANCE = 0.02


@dataclass(frozen=True)
class Setting:
    """One start of an engine: the model, and the arguments and variables that a profile could have."""

    kind: str
    arguments: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [f"{name}={value}" for name, value in {**self.arguments, **self.variables}.items()]
        return "-".join([self.kind, *words])


def setting(kind: str, length: int, mib: int, **more: Any) -> Setting:
    """A context length in tokens and a KV cache in MiB."""
    given: dict[str, Any] = {"max-model-len": length, "kv-cache-memory-bytes": mib * MIB}
    if kind == "deepseek_v2":
        # The kernels that every CPU has; there are others for those with AMX.
        given["attention-backend"] = "CPU_MLA"
    return Setting(kind, given | {name.replace("_", "-"): value for name, value in more.items()})


SPACE = {"VLLM_CPU_KVCACHE_SPACE": "1"}
STARTS = [
    setting("llama", 4096, 64),
    setting("llama", 1000, 24, block_size=32),
    setting("llama", 4096, 32, kv_cache_dtype="fp8"),
    Setting("llama", {"max-model-len": 8192}, SPACE),
    setting("cohere2", 4096, 64, max_num_batched_tokens=512),
    setting("cohere2", 1000, 24, max_num_batched_tokens=256),
    setting("cohere2", 4096, 64, disable_hybrid_kv_cache_manager=True),
    Setting("cohere2", {"max-model-len": 8192}, SPACE),
    setting("deepseek_v2", 4096, 64),
    setting("deepseek_v2", 1000, 24),
    Setting("deepseek_v2", {"max-model-len": 8192}, SPACE),
]
# Of these the engine says itself which length would do.
TOO_LONG = [
    setting("llama", 8192, 4),
    setting("cohere2", 8192, 4, max_num_batched_tokens=512),
    setting("deepseek_v2", 8192, 4),
]


class Engine:
    """What the real engine said about each setting, and what our arithmetic says."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        kinds = {start.kind for start in STARTS}
        models = [f"{kind}={folder / kind}" for kind in sorted(kinds)]
        make = [sys.executable, str(HERE / "make_tiny_models.py"), *models]
        subprocess.run(make, check=True, capture_output=True, text=True)
        lengths = [self.limited(refused, more) for refused in TOO_LONG for more in (0, 1)]
        asked = [*STARTS, *TOO_LONG, *lengths]
        done = subprocess.run(
            [sys.executable, HERE / "kv_capacity.py"],
            input=json.dumps([self._question(start) for start in asked]),
            env=environment(home, HF_HUB_OFFLINE="1", VLLM_NO_USAGE_STATS="1"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.log = done.stderr
        self.answers = dict(zip(map(str, asked), json.loads(done.stdout), strict=True))

    def _question(self, start: Setting) -> dict[str, Any]:
        how = {"dtype": "bfloat16", "enforce-eager": True, "skip-tokenizer-init": True}
        model = {"model": str(self.folder / start.kind)}
        return {"arguments": {**model, **how, **start.arguments}, "environment": dict(start.variables)}

    def answer(self, start: Setting) -> dict[str, Any]:
        found: dict[str, Any] = self.answers[str(start)]
        return found

    def predicted(self, start: Setting) -> Fit:
        folder = self.folder / start.kind
        config = json.loads((folder / "config.json").read_text())
        model = Architecture.from_config(config, (folder / "model.safetensors").stat().st_size)
        asks = demand(
            start.arguments, start.variables, model, memory_bytes=MEMORY_BYTES, count=1, on_cpu=True
        )
        found = fit(model, asks, MEMORY_BYTES, MEMORY_BYTES)
        assert isinstance(found, Fit)
        return found

    def limited(self, start: Setting, more: int) -> Setting:
        """The same with the longest context that our arithmetic allows, and so many tokens more."""
        longest = self.predicted(start).longest_context
        assert longest is not None
        return Setting(start.kind, {**start.arguments, "max-model-len": longest + more}, start.variables)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_capacity_is_the_engines(engine: Engine, start: Setting) -> None:
    said, predicted = engine.answer(start), engine.predicted(start)
    assert predicted.misfit == ""
    assert predicted.capacity_tokens == pytest.approx(said["tokens"], rel=TOLERANCE)
    assert predicted.concurrency == pytest.approx(said["concurrency"], rel=TOLERANCE)


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_capacity_is_what_the_engine_logs(engine: Engine, start: Setting) -> None:
    said, length = engine.answer(start), start.arguments["max-model-len"]
    assert (
        f"KV cache size: {said['tokens']:,} tokens, Maximum concurrency for {length:,} tokens per request: "
        f"{said['concurrency']:.2f}x" in engine.log
    )


@pytest.mark.parametrize("start", TOO_LONG, ids=str)
def test_a_context_that_is_too_long_is_refused_and_the_engine_names_our_longest(
    engine: Engine, start: Setting
) -> None:
    predicted = engine.predicted(start)
    assert "one request of 8192 tokens" in predicted.misfit
    estimate = re.search(r"estimated maximum model length is (\d+)", engine.answer(start)["refusal"])
    assert estimate is not None
    assert predicted.longest_context == pytest.approx(int(estimate[1]), rel=TOLERANCE)


@pytest.mark.parametrize("start", TOO_LONG, ids=str)
def test_the_longest_context_starts_and_one_token_more_does_not(engine: Engine, start: Setting) -> None:
    assert "tokens" in engine.answer(engine.limited(start, 0))
    assert "max seq len" in engine.answer(engine.limited(start, 1))["refusal"]
