"""Engines: one adapter each, by name."""

from __future__ import annotations

from aim_runtime.engines.launch import Engine
from aim_runtime.engines.vllm import Vllm

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (Vllm(),)}
