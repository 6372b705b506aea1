"""The YAML that is written: what other readers of YAML would take for something else is quoted."""

from __future__ import annotations

import pytest
import yaml

from aim_runtime.deploy.documents import to_yaml
from aim_runtime.deploy.kubernetes.objects import Metadata

# What YAML 1.1, 1.2, Go's and Ruby's readers take for booleans, numbers, times or nothing.
TRAPS = (
    *("y", "Y", "n", "yes", "No", "on", "OFF", "true", "False", "null", "~", "none", "", "nan", ".inf"),
    *("1", "1.0", "1e3", "0x1f", "0o17", "017", "1_000", "12:30:45", "2026-11-25", "74a1", "-", "=", "<<"),
)


@pytest.mark.parametrize("text", TRAPS)
def test_a_text_that_looks_like_something_else_is_quoted(text: str) -> None:
    written = to_yaml([{"value": text, text: "key"}])

    assert f'value: "{text}"' in written
    assert yaml.safe_load(written) == {"value": text, text: "key"}


@pytest.mark.parametrize("text", ["word", "/a/path", "amd.com/gpu", "Qwen/Qwen3-32B", "a-b_c.d"])
def test_a_plain_word_is_written_plainly(text: str) -> None:
    assert to_yaml([{"value": text}]) == f"value: {text}\n"


@pytest.mark.parametrize(
    "text", ["a: b", "a #b", "it's", 'a "b"', "{x}", "[x", "a\tb", "é ü 漢", "- a", "&a", "*a"]
)
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    assert yaml.safe_load(to_yaml([{"value": text}])) == {"value": text}


def test_lines_are_a_block_and_documents_are_parted() -> None:
    written = to_yaml([{"text": "a: 1\nb: 2\n"}, {"second": [1, True, None]}], header="one\n\ntwo")

    assert written == ("# one\n#\n# two\ntext: |\n  a: 1\n  b: 2\n---\nsecond:\n  - 1\n  - true\n  - null\n")


def test_an_object_is_written_without_what_it_does_not_say_and_as_the_api_spells_it() -> None:
    assert to_yaml([Metadata(name="n", labels={"a": "1"})]) == 'name: "n"\nlabels:\n  a: "1"\n'


def test_the_same_value_twice_is_written_twice() -> None:
    shared = {"a": 1}

    assert to_yaml([{"one": shared, "two": shared}]) == "one:\n  a: 1\ntwo:\n  a: 1\n"
