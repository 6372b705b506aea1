"""Each failure of the corpus is told by its code, in one line, with what to do; the corpus is complete."""

from __future__ import annotations

import re

import pytest

from aim_runtime.engines.failures import KINDS
from aim_runtime.engines.vllm import Vllm
from unit.engines.corpus import ENTRIES, Entry

_ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_failure_is_told_in_words(entry: Entry) -> None:
    found = Vllm().failure(entry.lines, entry.exit, entry.launch, entry.ending)
    assert found.code == entry.code, found
    for part in entry.head.get("says", []):
        assert part in found.message
    for part in entry.head.get("hint", []):
        assert part in found.hint
    assert found.message
    assert found.hint
    assert "\n" not in found.message + found.hint
    assert found.transient == KINDS[found.code].transient
    assert not found.evidence or any(found.evidence in line.text for line in entry.lines)


def test_every_code_is_provoked_by_the_corpus() -> None:
    assert {entry.code for entry in ENTRIES} == set(KINDS)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_says_where_it_comes_from(entry: Entry) -> None:
    assert (
        entry.head.get("recorded")
        or entry.head.get("quoted")
        or _ADDRESS.search("".join(entry.head.get("reported", [])))
    )
