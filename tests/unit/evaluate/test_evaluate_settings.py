"""The settings of an evaluation: what is shipped, what a file says, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from aim_runtime.errors import ConfigError, InvalidValue
from aim_runtime.evaluate.model import Served
from aim_runtime.evaluate.run import fitted
from aim_runtime.evaluate.settings import load
from aim_runtime.service.target import Service

SERVICE = Service("http://127.0.0.1:8000", "acme/tiny")


def test_what_is_shipped_is_what_0_12_does() -> None:
    found = load(None, {})
    assert (found.tasks, found.limit, found.model_type) == (("gsm8k",), None, "local-completions")
    assert (found.apply_chat_template, found.batch_size, found.max_retries) == (True, "auto", 10)
    assert (found.max_gen_toks, found.max_length, found.preferred_filter) == (8192, 16384, "flexible-extract")


def test_arguments_win_over_the_file_and_the_file_over_what_is_shipped(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("tasks: [arc_easy]\nlimit: 7\nseed: 3\n")
    found = load(path, {"limit": 9, "seed": None})
    assert (found.tasks, found.limit, found.seed, found.max_retries) == (("arc_easy",), 9, 3, 10)


def test_our_task_may_be_written_with_dashes() -> None:
    assert load(None, {"tasks": ["aim-smoke", "x-y"]}).tasks == ("aim_smoke", "x-y")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("num_fewshots: 3", "there is no setting num_fewshots; did you mean num_fewshot"),
        ("limit: many", "limit"),
        ("limit: 0", "limit is 0, and at least 1 is needed"),
        ("model_type: local-chat", "local-chat"),
        ("tasks: []", "tasks is empty"),
        ("tasks: [a", "is not YAML"),
        ("[gsm8k]", "is not a mapping"),
        (
            "model_type: local-chat-completions\napply_chat_template: false",
            "apply_chat_template cannot be false",
        ),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(InvalidValue, match=said) as refused:
        load(path, {})
    assert str(path) in refused.value.message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "nonesuch.yaml", {})


@pytest.mark.parametrize(
    ("served", "length", "answer", "at_once", "timeout", "words"),
    [
        (Served(SERVICE), 16384, 8192, 32, 1800, 0),
        (Served(SERVICE, max_length=2048), 2048, 1024, 32, 1800, 1),
        (Served(SERVICE, max_length=131072, accelerators=8, accelerator_type="gpu"), 16384, 8192, 64, 600, 0),
        (Served(SERVICE, accelerators=2, accelerator_type="gpu"), 16384, 8192, 32, 600, 0),
        (Served(SERVICE, accelerators=1, accelerator_type="cpu"), 16384, 8192, 32, 1800, 0),
    ],
)
def test_what_the_service_takes_and_the_machine_is_good_for(
    served: Served, length: int, answer: int, at_once: int, timeout: float, words: int
) -> None:
    found, said = fitted(load(None, {}), served)
    assert (found.max_length, found.max_gen_toks) == (length, answer)
    assert (found.num_concurrent, found.request_timeout_s, len(said)) == (at_once, timeout, words)
