"""Who is compared: how each is started, what it is asked, and what it reads for a token."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services import AIM, AIM_ID, environment, free_port

BASE = "vLLM defaults"
# Clients at a time, and requests that they share.
POINTS = {1: 4, 8: 24, 32: 64}
# What scripts/build-llama-cpp leaves in its folder.
LLAMA_SERVER = "llama-server"
LLAMA_WEIGHTS = {"bf16": "model-bf16.gguf", "Q4_1": "model-q4_1.gguf"}


@dataclass(frozen=True)
class Contender:
    """A server that gets the load; without a `command`, `aim-runtime serve` with the `settings`.

    `body` is what its requests have besides the common part, so that each answer has all its tokens;
    `about_s` is how long a round of it takes on two quiet cores. One that is
    `by_name_only` is left out unless asked for.
    """

    name: str
    weights: Path
    about_s: int
    command: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "bf16"
    points: Mapping[int, int] = field(default_factory=lambda: POINTS)
    by_name_only: bool = False

    def start(self, cache: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """The command and its environment."""
        env = environment(cache, port, AIM_MANAGEMENT_PORT=str(free_port()), **self.settings)
        return [*self.command, "--port", str(port)] if self.command else [AIM, "serve"], env

    @property
    def shown(self) -> str:
        """How it is started, without this machine's folders."""
        words = self.command or ("aim-runtime", "serve")
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return shlex.join(
            [*settings, *(word if not word.startswith("/") else Path(word).name for word in words)]
        )


def contenders(cache: Path, llama_cpp: Path | None, tokens: int) -> list[Contender]:
    """Everybody, the base of the ratios first; those of llama.cpp where it was built."""
    model = cache / AIM_ID
    return [
        *_with_vllm(model, {"max_tokens": tokens, "min_tokens": tokens}),
        *_transformers(model, tokens),
        *([] if llama_cpp is None else _llama_cpp(llama_cpp, tokens)),
    ]


def _with_vllm(model: Path, body: Mapping[str, Any]) -> list[Contender]:
    weights = model / "model.safetensors"
    server = (sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model))
    # Its own, except for what would depend on the machine's memory or on the file.
    defaults = (*server, "--served-model-name", AIM_ID, "--dtype", "bfloat16", "--max-model-len", "8192")
    latency, throughput = {"AIM_METRIC": "latency"}, {"AIM_METRIC": "throughput"}
    general = {
        name: {"AIM_PROFILE_ID": f"general/vllm-cpu-bf16-tp1-{name}"} for name in ("latency", "throughput")
    }
    return [
        Contender(BASE, weights, 140, defaults, {"VLLM_CPU_KVCACHE_SPACE": "2"}, body),
        Contender("latency", weights, 55, settings=latency, body=body),
        Contender("throughput", weights, 85, settings=throughput, body=body),
        Contender(
            "general latency",
            weights,
            55,
            settings=latency | general["latency"],
            body=body,
            by_name_only=True,
        ),
        Contender(
            "general throughput",
            weights,
            85,
            settings=throughput | general["throughput"],
            body=body,
            by_name_only=True,
        ),
    ]


def _transformers(model: Path, tokens: int) -> list[Contender]:
    weights = model / "model.safetensors"
    # Without an end token in the request's configuration it goes on to the limit. It knows no `min_tokens`.
    configuration = f'{{"max_new_tokens": {tokens}, "do_sample": false, "pad_token_id": 2}}'
    body = {"model": str(model), "max_tokens": tokens, "generation_config": configuration}
    serve = (sys.executable, "-m", "transformers.cli.transformers", "serve", str(model), "--device", "cpu")
    # Left to itself it takes all of the machine's memory for its cache, and more than there is.
    bounded = ("--cb-block-size", "256", "--cb-num-blocks", "64", "--cb-max-batch-tokens", "1024")
    offline = {"HF_HUB_OFFLINE": "1"}
    # One request after the other: more of them would say the same and take minutes.
    one_wave = {1: 4, 8: 8, 32: 32}
    return [
        Contender("transformers serve", weights, 170, serve, offline, body, points=one_wave),
        Contender(
            "transformers serve, batching",
            weights,
            75,
            (*serve, "--continuous-batching", *bounded),
            offline,
            body,
        ),
    ]


def _llama_cpp(folder: Path, tokens: int) -> list[Contender]:
    cores = str(len(os.sched_getaffinity(0)))
    # 256 tokens for each of 32 requests at a time; the same prompt is not to be remembered.
    load = ("--parallel", "32", "--ctx-size", "8192", "--threads", cores)
    alias = ("--alias", AIM_ID)
    body = {"max_tokens": tokens, "ignore_eos": True, "cache_prompt": False}
    # Repacked for AMX, its Q4_1 ends with signal 11 before it serves (commit 0c1e570, GCC 12).
    plain = {"bf16": (), "Q4_1": ("--no-repack",)}
    return [
        Contender(
            f"llama.cpp, {precision}",
            folder / weights,
            35,
            (str(folder / LLAMA_SERVER), "--model", str(folder / weights), *load, *plain[precision], *alias),
            body=body,
            precision=precision,
        )
        for precision, weights in LLAMA_WEIGHTS.items()
        if (folder / weights).is_file()
    ]
