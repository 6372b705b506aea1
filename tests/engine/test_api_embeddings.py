"""Embeddings of an encoder, through the official client."""

from __future__ import annotations

import math

import openai
import pytest

from engine.conftest import EMBEDDER, Running

pytestmark = pytest.mark.engine


def test_embeddings(embedder: Running) -> None:
    with embedder.client() as client:
        answer = client.embeddings.create(model=EMBEDDER, input=["the sea", "a mountain", "the sea"])
    first, other, again = (each.embedding for each in answer.data)
    assert len(first) == 64
    assert math.isclose(math.fsum(value * value for value in first), 1, rel_tol=0.01)
    assert first == pytest.approx(again, abs=0.01)
    assert first != pytest.approx(other, abs=0.01)
    assert answer.usage.prompt_tokens > 3


def test_what_is_too_long_is_refused_in_words(embedder: Running) -> None:
    with embedder.client() as client, pytest.raises(openai.BadRequestError, match="512"):
        client.embeddings.create(model=EMBEDDER, input="word " * 1000)


def test_the_ready_message_asks_for_what_it_answers(embedder: Running) -> None:
    assert f"http://localhost:{embedder.service.port}/v1/embeddings" in embedder.service.said
    assert (
        "/chat/completions" not in embedder.service.said.partition("ready after")[2].partition("stop it")[0]
    )
    assert embedder.service.stop() == 0
