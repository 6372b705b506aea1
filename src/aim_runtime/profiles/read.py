"""Read one YAML file of the catalogue into its schema, or say all that is wrong with it, and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert

from aim_runtime.profiles.document import Document, parse
from aim_runtime.profiles.faults import Broken, Fault, whole_file

_Schema = TypeVar("_Schema", bound=Struct)
MIB = 1024**2
LIMIT_BYTES = MIB


def read(
    path: Path, schema: type[_Schema], before: Callable[[Any], Any] = lambda data: data
) -> _Schema | Broken:
    """Return the file's content as `schema`, or all that is wrong; `before` rewrites old spellings."""
    document = _document(path)
    if isinstance(document, Broken):
        return document
    data = before(document.data)
    if document.faults:
        return _explained(document, data, schema)
    try:
        return convert(data, schema)
    except ValidationError:
        return _explained(document, data, schema)


def _document(path: Path) -> Document | Broken:
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        return whole_file(f"cannot be read: {error.strerror}")
    if len(content) > LIMIT_BYTES:
        return whole_file(f"larger than {LIMIT_BYTES // MIB} MiB: not a file of the catalogue")
    try:
        document = parse(content.decode())
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        column = len(before) - before.rfind("\n")
        return Broken((Fault(before.count("\n") + 1, column, "not UTF-8 text"),))
    if isinstance(document, Broken) or isinstance(document.data, dict):
        return document
    if document.data is None:
        return whole_file("empty: expected a mapping")
    what = "a list" if isinstance(document.data, list) else repr(document.data)
    return whole_file(f"{what}: expected a mapping")


def _explained(document: Document, data: Any, schema: type[Struct]) -> Broken:
    from aim_runtime.profiles.explain import faults_of  # only on the way to a message

    found = {*document.faults, *faults_of(document, data, schema)}
    return Broken(tuple(sorted(found, key=lambda fault: fault.place)))
