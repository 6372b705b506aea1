"""docs/records.md names every key of the record, and shows a record that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct, structs

from aim_runtime.profiles.profile import ProfileFile
from aim_runtime.record.differences import GROUPS
from aim_runtime.record.said import PLACES
from aim_runtime.record.values import Record, State

PAGE = (Path(__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")


def keys(kind: Any, above: str) -> Iterator[str]:
    """The keys of an object of the record and of those in it, as the page spells them."""
    if get_origin(kind) is list:
        yield from keys(get_args(kind)[0], f"{above}[]")
    elif get_origin(kind) is dict:
        yield from keys(get_args(kind)[1], f"{above}.NAME")
    elif isinstance(kind, type) and not isinstance(kind, UnionType) and issubclass(kind, Struct):
        if kind is ProfileFile:
            return  # docs/reference/profile.schema.json
        hints = get_type_hints(kind)
        for field in structs.fields(kind):
            name = f"{above}.{field.encode_name}" if above else field.encode_name
            yield name
            yield from keys(hints[field.name], name)


def test_every_key_is_described_and_no_other() -> None:
    table = PAGE.partition("## Keys")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert sorted(described) == sorted(keys(Record, ""))


def test_states_groups_and_places_are_named() -> None:
    for word in (*State, *GROUPS, *PLACES):
        assert f"`{word}`" in PAGE
