"""Each failure of the corpus is told by its code, in one line, with what to do; the corpus is complete."""

from __future__ import annotations

import re

import pytest

from aim_runtime.engines.failures import KINDS
from aim_runtime.engines.vllm import Vllm
from operator_words import Seen, taken_for
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


# What the operator is to take a failure for; anything else is none of its classes.
_TAKEN_FOR = {
    "engine.repository_missing": Seen.MISSING,
    "engine.repository_gated": Seen.CLOSED,
    "engine.disk_full": Seen.FULL,
}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_operator_takes_a_failure_for_what_it_is(entry: Entry) -> None:
    found = Vllm().failure(entry.lines, entry.exit, entry.launch, entry.ending)
    expected = _TAKEN_FOR.get(found.code)
    assert taken_for(found.message) is expected
    # In JSON both are in one line.
    assert taken_for(f"{found.message} {found.hint}") is expected
    assert taken_for(found.hint) is None


def test_the_table_is_taken_for_nothing() -> None:
    assert [kind for kind in KINDS.values() if taken_for(f"{kind.means} {kind.remedy}")] == [
        KINDS["engine.disk_full"]
    ]
