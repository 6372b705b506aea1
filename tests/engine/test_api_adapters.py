"""LoRA adapters that come and go while the real engine serves, and what it answers by their names."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import openai
import pytest

from engine.conftest import ASSISTANT, INTERVAL_S, Guarded
from engine.lora import write_adapter
from running import SMOLLM2

pytestmark = pytest.mark.engine
# Longer than a block of the prefix cache, which is 128 tokens on a CPU.
PROMPT = "Once upon a time there was a small boat that wanted to see the sea. " * 20
# An adapter is loaded when two looks in turn found it the same.
SEEN_WITHIN_S = 2 * INTERVAL_S + 5


def listed(guarded: Guarded) -> set[str]:
    with guarded.client() as client:
        return {model.id for model in client.models.list()} - {ASSISTANT, SMOLLM2}


def say(guarded: Guarded, model: str) -> str:
    with guarded.client() as client:
        answer = client.completions.create(model=model, prompt=PROMPT, max_tokens=8, temperature=0)
    return answer.choices[0].text


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SEEN_WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_adapter_from_its_arrival_to_its_end(guarded: Guarded) -> None:
    until(lambda: "early" in listed(guarded))
    base, early = say(guarded, ASSISTANT), say(guarded, "early")
    assert early != base

    # Two arrive, one of them too large.
    write_adapter(guarded.adapters / "late", guarded.weights, seed=2)
    write_adapter(guarded.adapters / "giant", guarded.weights, rank=32)
    until(lambda: "late" in listed(guarded))
    late = say(guarded, "late")
    assert late not in (base, early)
    assert "the adapter late is loaded (rank 8)" in guarded.service.said
    assert "the adapter giant is skipped: its rank 32 is more than 16" in guarded.service.said
    assert "giant" not in listed(guarded)

    # The weights of another in the same folder: the same prompt must be read anew, not from the cache.
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copy(guarded.adapters / "early" / name, guarded.adapters / "late" / name)
    until(lambda: "the adapter late is loaded anew" in guarded.service.said)
    assert say(guarded, "late") == early

    shutil.rmtree(guarded.adapters / "late")
    until(lambda: "late" not in listed(guarded))
    assert "the adapter late is unloaded: its folder is gone" in guarded.service.said
    with guarded.client() as client, pytest.raises(openai.NotFoundError):
        client.completions.create(model="late", prompt="x", max_tokens=1)
    assert say(guarded, ASSISTANT) == base
