"""The record as text: what is written is read, equal runs are equal texts, and bad files are named."""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct, structs

from aim_runtime.errors import InvalidRecord
from aim_runtime.profiles.catalog import load_catalog, shipped_root
from aim_runtime.profiles.profile import ProfileFile
from aim_runtime.record.text import parse, read, write
from aim_runtime.record.values import SCHEMA, Record
from unit.record.records import environment, record

GOLDEN = Path(__file__).parents[2] / "golden" / "record.json"
CONTENTS = [each.content for each in load_catalog((shipped_root(),), None).profiles]
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    PLAIN | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
)


def strategy(kind: Any) -> st.SearchStrategy[Any]:
    """Every value that a field of the record can have."""
    if kind is Any:
        return JSON
    if kind is str:
        return WORDS
    if kind is int:
        return st.integers(-(2**53), 2**53)
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind is ProfileFile:
        return st.sampled_from(CONTENTS)
    if isinstance(kind, UnionType):
        return st.one_of([st.none() if each is NoneType else strategy(each) for each in get_args(kind)])
    if get_origin(kind) is list:
        return st.lists(strategy(get_args(kind)[0]), max_size=3)
    if get_origin(kind) is dict:
        return st.dictionaries(WORDS, strategy(get_args(kind)[1]), max_size=3)
    if issubclass(kind, Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{each.name: strategy(hints[each.name]) for each in structs.fields(kind)})
    return st.sampled_from(list(kind))


@given(strategy(Record))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read(value: Record) -> None:
    known = structs.replace(value, schema=SCHEMA)
    assert parse(write(known), "it") == known


def test_the_golden_record(tmp_path: Path) -> None:
    environ = environment(tmp_path, AIM_ENGINE_ARGS='{"max-num-seqs": 16}', VLLM_LOGGING_LEVEL="WARNING")
    found = record(environ, "--max-model-len", "4096")
    # What hangs on the machine that the tests run on, and on how many variables there are.
    versions = {name: f"({name})" for name in found.versions.__struct_fields__}
    said = {name: each for name, each in found.settings.items() if each.source != "default"}
    found = structs.replace(found, versions=type(found.versions)(**versions), settings=said)
    assert write(found).replace(str(tmp_path), "FOLDER") == GOLDEN.read_text(encoding="utf-8")


def test_equal_runs_are_equal_texts(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    backwards = dict(reversed(environ.items()))
    assert write(record(environ)) == write(record(backwards))


def test_keys_are_in_order(tmp_path: Path) -> None:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        assert names == sorted(names)
        return dict(found)

    json.loads(write(record(environment(tmp_path))), object_pairs_hook=pairs)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("root:x:0:0", "is not JSON"),
        ("", "is not JSON"),
        ("\xff", "is not JSON"),
        ('{"a": ' + "[" * 100_000, "is not JSON"),
        ('{"schema": 1, "arguments": [{"value": ' + "[" * 100_000, "is not JSON"),
        ("[]", "is JSON, but not a run record"),
        ('{"a": 1}', "is JSON, but not a run record: Object missing required field `schema`"),
        (
            '{"schema": 99}',
            "has the schema version 99, and this aim-runtime reads 1; a newer aim-runtime wrote it",
        ),
        ('{"schema": 0}', "has the schema version 0, and this aim-runtime reads 1"),
        ('{"schema": 1}', "is a damaged run record: Object missing required field"),
    ],
)
def test_what_is_no_record(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InvalidRecord) as caught:
        read(path)
    assert f"{path} {words}" in caught.value.message
    assert caught.value.hint


def test_a_key_that_is_not_known_is_damage(tmp_path: Path) -> None:
    found = json.loads(write(record(environment(tmp_path))))
    found["outcome"]["mood"] = "good"
    with pytest.raises(InvalidRecord, match="unknown field `mood`"):
        parse(json.dumps(found), "it")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecord, match="cannot be read: no such file"):
        read(tmp_path / "gone.json")
    with pytest.raises(InvalidRecord, match="cannot be read: is a directory"):
        read(tmp_path)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(InvalidRecord, match="too large"):
        read(tmp_path / "large")
