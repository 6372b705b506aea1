"""The record as text: written with its keys in order, read with every mistake named."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aim_runtime.errors import InvalidRecord
from aim_runtime.record.values import SCHEMA, Record

_MOST_BYTES = 16 * 1024 * 1024


class _Head(msgspec.Struct):
    """What every version of the record has; the rest is for who knows that version."""

    schema: int


def write(record: Record) -> str:
    """Return the record as JSON: keys in the order of their names, so that equal runs are equal texts."""
    packed = msgspec.json.encode(record, order="sorted")
    return msgspec.json.format(packed, indent=2).decode() + "\n"


def parse(text: str | bytes, where: str) -> Record:
    """Read a record, or raise InvalidRecord with what is wrong; `where` names it in the words."""
    try:
        head = msgspec.json.decode(text, type=_Head)
    except msgspec.ValidationError as error:
        raise InvalidRecord(f"{where} is JSON, but not a run record: {error}", hint=_HINT) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRecord(f"{where} is not JSON: {error}", hint=_HINT) from error
    if head.schema != SCHEMA:
        newer = "; a newer aim-runtime wrote it" if head.schema > SCHEMA else ""
        raise InvalidRecord(
            f"{where} has the schema version {head.schema}, and this aim-runtime reads {SCHEMA}{newer}",
            hint="use the aim-runtime that wrote it, or a newer one" if newer else _HINT,
        )
    try:
        return msgspec.json.decode(text, type=Record)
    except (ValueError, RecursionError) as error:  # msgspec's own are ValueErrors
        raise InvalidRecord(f"{where} is a damaged run record: {error}", hint=_HINT) from error


def read(path: Path) -> Record:
    """Read the record in a file, or raise InvalidRecord."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidRecord(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}", hint=_HINT
        ) from error
    if len(content) > _MOST_BYTES:
        raise InvalidRecord(f"{path} is too large for a run record", hint=_HINT)
    return parse(content, str(path))


_HINT = "name a file that `aim-runtime serve` wrote; AIM_RECORD_PATH says where it writes them"
