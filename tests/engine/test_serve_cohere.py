"""The Cohere AIM's whole path with a custom CPU profile, asked through the official client."""

from __future__ import annotations

import pytest

from engine.conftest import Running
from running import COHERE

pytestmark = pytest.mark.engine
QUESTION = "Say something."


def test_the_custom_profile_is_selected_and_nothing_is_fetched(cohere: Running) -> None:
    assert f"profile custom/{COHERE}/vllm-cpu-bf16-tp1-latency" in cohere.service.said
    assert f"{COHERE} is already in the cache" in cohere.service.said


def test_models(cohere: Running) -> None:
    with cohere.client() as client:
        assert [model.id for model in client.models.list()] == [COHERE, "poet"]


def test_chat(cohere: Running) -> None:
    with cohere.client() as client:
        answer = client.chat.completions.create(
            model=COHERE,
            messages=[{"role": "user", "content": QUESTION}],
            max_tokens=8,
            extra_body={"min_tokens": 8},
        )
    assert answer.model == COHERE
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 8


def test_streaming(cohere: Running) -> None:
    with cohere.client() as client:
        stream = client.chat.completions.create(
            model=COHERE,
            messages=[{"role": "user", "content": QUESTION}],
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"min_tokens": 8},
        )
        chunks = list(stream)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8
    assert chunks[-2].choices[0].finish_reason == "length"


def test_completions(cohere: Running) -> None:
    with cohere.client() as client:
        answer = client.completions.create(
            model=COHERE, prompt=QUESTION, max_tokens=8, extra_body={"min_tokens": 8}
        )
    assert answer.choices[0].finish_reason == "length"


def test_an_adapter_of_the_start_answers_by_its_name(cohere: Running) -> None:
    def say(model: str) -> str:
        with cohere.client() as client:
            return (
                client.completions.create(
                    model=model, prompt=QUESTION, max_tokens=8, temperature=0, extra_body={"min_tokens": 8}
                )
                .choices[0]
                .text
            )

    base, poet = say(COHERE), say("poet")
    assert poet != base
    assert say("poet") == poet
    assert "the adapter giant is skipped: its rank 64 is more than 32" in cohere.service.said


def test_it_drains_and_stops(cohere: Running) -> None:
    """The last test of this service: it ends it."""
    assert cohere.service.stop() == 0
    assert "mode=drain" in cohere.service.said
    assert "force killing" not in cohere.service.said
    assert cohere.service.said.rstrip().endswith("stopped")
