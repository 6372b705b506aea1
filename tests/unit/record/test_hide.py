"""No secret gets into a record, wherever it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aim_runtime.record.hide import Hider, hides
from aim_runtime.record.text import write
from aim_runtime.redact import HIDDEN
from unit.record.records import environment, record

SECRET = "s3cr3t-of-mine"

PLANTED: list[tuple[dict[str, str], tuple[str, ...]]] = [
    ({"HF_TOKEN": SECRET}, ()),
    (
        {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"{SECRET}2"},
        ("--chat-template", f"/{SECRET}2"),
    ),
    ({"VLLM_API_KEY": SECRET}, ()),
    ({"MY_PASSWORD": SECRET}, ("--chat-template", f"/folder/{SECRET}/x")),
    ({}, ("--api-key", SECRET)),
    ({}, (f"--api-key={SECRET}",)),
    ({}, (f"--api_key={SECRET}", "--max-num-seqs", "4")),
    ({"AIM_ENGINE_ARGS": json.dumps({"api-key": SECRET})}, ()),
    ({"AIM_ENGINE_ARGS": json.dumps({"api_key": [SECRET]})}, ()),
    ({"AIM_ENGINE_ARGS": json.dumps({"additional-config": {"hf-token": SECRET}})}, ()),
    ({}, ("--additional-config", json.dumps({"x": [{"api_key": [SECRET]}]}))),
    ({}, ("--otlp-traces-endpoint", f"http://me:{SECRET}@traces.example")),
    ({"HF_ENDPOINT": f"https://me:{SECRET}@hub.example"}, ()),
    ({"AIM_MODEL_ID": f"https://me:{SECRET}@host.example/acme/model.tar"}, ()),
    ({"AIM_MODEL_ID": f"https://host.example/acme/model.tar?X-Amz-Signature={SECRET}"}, ()),
    ({"VLLM_S3_ENDPOINT": f"http://me:{SECRET}@store.example"}, ()),
]


@pytest.mark.parametrize(("more", "given"), PLANTED)
def test_a_planted_secret_is_not_in_the_record(
    more: dict[str, str], given: tuple[str, ...], tmp_path: Path
) -> None:
    text = write(record(environment(tmp_path, **more), *given))
    assert SECRET not in text
    assert HIDDEN in text


def test_a_short_secret_hides_no_ordinary_word(tmp_path: Path) -> None:
    found = record(environment(tmp_path), "--api-key", "vllm")
    assert found.engine.name == "vllm"
    assert found.given == []
    assert {each.name: each.value for each in found.variables}["VLLM_API_KEY"] == HIDDEN


def test_a_switch_is_no_secret(tmp_path: Path) -> None:
    found = record(environment(tmp_path, AIM_ENGINE_ARGS='{"hf-token": true}'))
    assert {each.key: each.value for each in found.arguments}["hf-token"] is True
    assert found.settings["AIM_ENGINE_ARGS"].value == '{"hf-token": true}'
    assert Hider.of({}).data({"api-key": None, "hf_token": "a", "x": {"--api-key": [1]}}) == {
        "api-key": None,
        "hf_token": HIDDEN,
        "x": {"--api-key": HIDDEN},
    }


def test_a_text_without_secrets_stays_as_it_is() -> None:
    hide = Hider.of({"HF_TOKEN": SECRET})
    assert hide.text('{"a":  1}') == '{"a":  1}'
    assert hide.text("https://host/path") == "https://host/path"


def test_what_is_not_utf8_is_written_all_the_same() -> None:
    assert Hider.of({}).text("a\udcffb") == "a?b"


def test_the_hider_does_not_show_what_it_knows() -> None:
    assert SECRET not in repr(Hider.of({"HF_TOKEN": SECRET}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("***", True), ("a", False), ({"a": ["x ***"]}, True), ([1, None], False), ("https://****@h/x", True)],
)
def test_what_was_hidden_is_known(value: Any, expected: bool) -> None:
    assert hides(value) is expected
