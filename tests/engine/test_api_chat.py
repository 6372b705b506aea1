"""The OpenAI API as the engine serves it, through the official client: nothing of it is lost on the way."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.conftest import Running
from running import QUESTION, SMOLLM2

pytestmark = pytest.mark.engine
ASKED: Any = [{"role": "user", "content": QUESTION}]
CITY = {
    "type": "object",
    "properties": {"city": {"enum": ["Tokyo", "Paris"]}, "islands": {"type": "integer", "maximum": 9}},
    "required": ["city", "islands"],
    "additionalProperties": False,
}


def test_chat_counts_its_tokens(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer = client.chat.completions.create(model=SMOLLM2, messages=ASKED, temperature=0, max_tokens=24)
    assert "Tokyo" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_stream_is_the_answer_in_pieces_with_its_usage(smollm2: Running) -> None:
    with smollm2.client() as client:
        whole = client.chat.completions.create(model=SMOLLM2, messages=ASKED, temperature=0, max_tokens=24)
        stream = client.chat.completions.create(
            model=SMOLLM2,
            messages=ASKED,
            temperature=0,
            max_tokens=24,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)


def test_completions(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer = client.completions.create(
            model=SMOLLM2, prompt="The capital of Japan is", temperature=0, max_tokens=3, logprobs=1
        )
    assert "Tokyo" in answer.choices[0].text
    assert answer.choices[0].logprobs is not None
    assert len(answer.choices[0].logprobs.token_logprobs or []) == 3


def test_responses(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer = client.responses.create(model=SMOLLM2, input=QUESTION, temperature=0, max_output_tokens=24)
    assert "Tokyo" in answer.output_text
    assert answer.status == "completed"


def test_responses_streamed(smollm2: Running) -> None:
    with (
        smollm2.client() as client,
        client.responses.stream(model=SMOLLM2, input=QUESTION, temperature=0, max_output_tokens=24) as stream,
    ):
        events = list(stream)
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert "Tokyo" in text
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")


def test_logprobs(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer = client.chat.completions.create(
            model=SMOLLM2, messages=ASKED, temperature=0, max_tokens=2, logprobs=True, top_logprobs=3
        )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    for token in logprobs.content or []:
        assert len(token.top_logprobs) == 3
        # Greedy: what was taken is the likeliest.
        assert token.logprob == max(each.logprob for each in token.top_logprobs)
    assert "".join(token.token for token in logprobs.content or []) == answer.choices[0].message.content


def test_several_answers_that_a_seed_repeats_and_a_word_stops(smollm2: Running) -> None:
    def ask(seed: int) -> list[tuple[str | None, str | None]]:
        with smollm2.client() as client:
            answer = client.chat.completions.create(
                model=SMOLLM2, messages=ASKED, n=3, seed=seed, temperature=1.5, max_tokens=16, stop=["the"]
            )
        assert [choice.index for choice in answer.choices] == [0, 1, 2]
        return [(choice.message.content, choice.finish_reason) for choice in answer.choices]

    first = ask(7)
    assert ask(7) == first
    assert ask(8) != first
    assert len({text for text, _ in first}) > 1
    assert all("the" not in (text or "") for text, _ in first)


def test_an_answer_of_a_json_schema(smollm2: Running) -> None:
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
    with smollm2.client() as client:
        answer = client.chat.completions.create(
            model=SMOLLM2, messages=ASKED, temperature=0, max_tokens=64, response_format=wanted
        )
    found = json.loads(answer.choices[0].message.content or "")
    assert set(found) == {"city", "islands"}
    assert found["city"] in ("Tokyo", "Paris")
    assert found["islands"] <= 9


@pytest.mark.parametrize(
    ("wanted", "pattern"),
    [
        ({"regex": "[0-9]{3}-[0-9]{4}"}, "[0-9]{3}-[0-9]{4}"),
        ({"choice": ["Kyoto", "Osaka"]}, "Kyoto|Osaka"),
    ],
    ids=["regex", "choice"],
)
def test_an_answer_of_a_form(smollm2: Running, wanted: dict[str, Any], pattern: str) -> None:
    with smollm2.client() as client:
        answer = client.chat.completions.create(
            model=SMOLLM2,
            messages=ASKED,
            temperature=0,
            max_tokens=24,
            extra_body={"structured_outputs": wanted},
        )
    assert re.fullmatch(pattern, answer.choices[0].message.content or "")
