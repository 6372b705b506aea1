"""Views of a service, in few words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aim_runtime.engines.failure import Failure
from aim_runtime.engines.load import Load
from aim_runtime.models.status import Status
from aim_runtime.serving.life import Attempt, Stage, View
from aim_runtime.vocabulary import Phase

KV = Failure("engine.kv_too_small", "no room for one request", "set max-model-len", "ValueError: no room")
PLAN: dict[str, Any] = {
    "model_id": "acme/model",
    "aim_id": "acme/model",
    "source": "hf://acme/model",
    "license": "MIT",
    "profile": {"id": "vllm-mi300x-fp16-tp8-latency"},
    "engine": {"name": "vllm", "version": "0.32.0"},
    "accelerators": {"model": "MI300X", "name": "AMD Instinct MI300X", "count": 8},
    "memory": {"kv_cache_tokens": 1000},
}


def view(phase: Phase = Phase.READY, **more: Any) -> View:
    """A service in a phase; ready is one that lives and answers, unless it is said otherwise."""
    found = View(phase, 1000.0, 12.0, (Stage(Phase.SURVEYING, 1000.0, 2.0), Stage(phase, 1002.0, 10.0)))
    if phase in (Phase.READY, Phase.DRAINING):
        found = replace(found, engine_pid=7, engine_alive=True, answers=True)
    return replace(found, **more)


FULL = view(
    percent=40.0,
    transfer=Status("downloading", 40, 100, 0, 10.0, 4.0),
    plan=PLAN,
    kv_tokens=900,
    load=Load(1, 2, 30, 40),
    load_at_s=1011.0,
    failure=KV,
    attempts=(Attempt("vllm-mi300x-fp16-tp4-latency", KV, "the next profile"),),
    adapters=("one",),
    bytes_fetched=100,
    cache_hit=False,
)
