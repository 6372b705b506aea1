"""Find every fault of a file's data against its schema; slow, and only on the way to a message.

The schema library stops at its first fault. Here it is asked about each part by itself, the smallest
first, so that what it says is about one place of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Struct, ValidationError, convert
from msgspec.structs import FieldInfo, fields

from aim_runtime.errors import did_you_mean, nearest
from aim_runtime.profiles import wording
from aim_runtime.profiles.document import Document
from aim_runtime.profiles.faults import Fault
from aim_runtime.profiles.places import Location, Written

# Where the library says that a part of what it was asked about is wrong.
_WHERE = re.compile(r"(?P<what>.*?)(?: - at (?:`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]")


def faults_of(document: Document, data: Any, schema: type[Struct]) -> list[Fault]:
    """All that is wrong with `data`, which was made of the document, as a `schema`; [] if nothing is."""
    written = Written(document.root, document.data, data)
    return [found.fault(written) for found in _of(schema, data, ())]


@dataclass(frozen=True)
class _Found:
    """A fault: `kind` is what the schema has there, `about` how the library or the schema put it."""

    location: Location
    about: str
    kind: Any = None
    of_key: bool = False

    def fault(self, written: Written) -> Fault:
        word = written.key(self.location) if self.of_key else written.value(self.location)
        text = self.about
        if self.kind is not None:
            text = (wording.key if self.of_key else wording.value)(text, self.kind, word)
        name = ".".join(map(str, word.location))
        if not name:
            text = text.removeprefix("{name}: ")
        return Fault(word.line, word.column, text.format(name=name))


def _of(kind: Any, value: Any, location: Location) -> Iterator[_Found]:
    """The faults of a part: those of its own parts, and only without any those of the whole of it."""
    kind, bare = _without_none(kind, value)
    if bare is NoneType:
        return
    if isinstance(bare, type) and issubclass(bare, Struct) and isinstance(value, dict):
        found = list(_of_fields(bare, value, location))
        checked = _own_check(bare, value, location) if found else _whole(kind, value, location)
        yield from (*found, *checked)
        return
    inside = list(_of_items(bare, value, location))
    yield from inside or _whole(kind, value, location)


def _of_items(kind: Any, value: Any, location: Location) -> Iterator[_Found]:
    arguments = get_args(kind)
    if get_origin(kind) is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of(arguments[0], item, (*location, index))
    elif get_origin(kind) is dict and isinstance(value, dict):
        for key, item in value.items():
            for fault in _whole(arguments[0], key, (*location, key)):
                yield _Found(fault.location, fault.about, fault.kind, of_key=True)
            yield from _of(arguments[1], item, (*location, key))


def _whole(kind: Any, value: Any, location: Location) -> Iterator[_Found]:
    try:
        convert(value, kind)
    except ValidationError as error:
        found = _WHERE.fullmatch(str(error))
        assert found is not None
        inside = tuple(
            int(step["index"]) if step["index"] else step["key"]
            for step in _STEP.finditer(found["path"] or "")
        )
        yield _Found((*location, *inside), found["what"], kind)


def _of_fields(struct: type[Struct], value: dict[Any, Any], location: Location) -> Iterator[_Found]:
    known = {field.encode_name: field for field in fields(struct)}
    meant = _meant(known, value)
    for key in value:
        name = meant.get(key)
        if name is not None:
            yield from _of(known[name].type, value[key], (*location, key))
        if name != key and struct.__struct_config__.forbid_unknown_fields:
            guess = f"; did you mean {name}?" if name else did_you_mean(str(key), known)
            allowed = f"(allowed: {', '.join(sorted(known))})"
            yield _Found((*location, key), f"unknown key {{name}}{guess} {allowed}", of_key=True)
    for name in sorted(known.keys() - meant.values()):
        if known[name].required:
            named = ".".join(map(str, (*location, name)))
            yield _Found(location, f"{wording.escaped(named)} is missing", of_key=True)


def _meant(known: dict[str, FieldInfo], value: dict[Any, Any]) -> dict[Any, str]:
    """The key that each key of the file is meant to be: itself, or a misspelling of one that is absent."""
    meant = {key: key for key in value if key in known}
    for key in value:
        name = None if key in known else nearest(str(key), known.keys() - meant.values())
        if name:
            meant[key] = name
    return meant


def _own_check(struct: type[Struct], value: dict[Any, Any], location: Location) -> Iterator[_Found]:
    """What the schema itself checks beyond types (`__post_init__`), where the faults leave it possible."""
    known = {field.encode_name: field for field in fields(struct)}
    given = {known[name].name: value[key] for key, name in _meant(known, value).items()}
    try:
        struct(**given)
    except ValueError as error:
        yield _Found(location, f"{{name}}: {wording.escaped(str(error))}")
    except (TypeError, AttributeError):
        return  # it needs what is faulty


def _without_none(kind: Any, value: Any) -> tuple[Any, Any]:
    """The type with and without what annotates it; of `X | None` the alternative that was meant."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(bare) not in (Union, UnionType):
        return kind, bare
    if value is None and NoneType in get_args(bare):
        return NoneType, NoneType
    meant = [each for each in get_args(bare) if each is not NoneType]
    return _without_none(meant[0], value) if len(meant) == 1 else (kind, bare)
