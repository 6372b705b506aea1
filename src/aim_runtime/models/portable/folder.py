"""The models room: a model as a plain folder: its files, our manifest, and SHA256SUMS for everybody else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aim_runtime.errors import InvalidModelRef, VerificationFailed
from aim_runtime.models import manifest
from aim_runtime.models.manifest import FORMAT, FileRecord, Manifest
from aim_runtime.models.portable.checked_copy import DAMAGED_HINT, copy, sha256_of, verify
from aim_runtime.models.portable.model import Piece, Portable, address, checked_name
from aim_runtime.models.ref import ModelRef

SUMS = "SHA256SUMS"
# As sha256sum writes it, with a star for what it calls binary.
_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<name>.+)")


def write(model: Portable, into: Path, watch: Callable[[int], None]) -> None:
    """Write the files of `model`, and then what they must be. `sha256sum -c SHA256SUMS` checks it all."""
    for name, piece in model.pieces.items():
        copy(piece, name, into / name, watch)
    files = {name: FileRecord(piece.size_bytes, piece.sha256) for name, piece in model.pieces.items()}
    record = Manifest(model.source, model.revision, model.created, files)
    # The name under which it was cached, which may be another than the source's.
    data = {"format": FORMAT, "model": model.model_id, **asdict(record)}
    (into / manifest.NAME).write_text(json.dumps(data, indent=1), encoding="utf-8")
    sums = {name: piece.sha256 for name, piece in model.pieces.items()}
    sums[manifest.NAME] = sha256_of(into / manifest.NAME, lambda _: None)
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
    (into / SUMS).write_text(lines, encoding="utf-8")


def is_one(path: Path) -> bool:
    """Return whether `path` looks like such a folder."""
    # Path.is_file raises where a folder above is closed.
    return os.path.isfile(path / SUMS) or os.path.isfile(path / manifest.NAME)  # noqa: PTH113


def read(path: Path) -> Portable:
    """Return the model in the folder `path`: what its lists say it is. Raises VerificationFailed."""
    sums = _sums(path / SUMS)
    if manifest.NAME in sums:
        verify(_piece(path, manifest.NAME, sums[manifest.NAME]), manifest.NAME, lambda _: None)
    record = manifest.read(path)
    if record is None:
        if (path / manifest.NAME).is_file():
            raise VerificationFailed(f"{path / manifest.NAME} cannot be understood", hint=DAMAGED_HINT)
        listed = {name: sha256 for name, sha256 in sums.items() if name != manifest.NAME}
        pieces = {name: _piece(path, name, sha256) for name, sha256 in listed.items()}
        return Portable(None, address(path), None, "", pieces)
    pieces = {
        checked_name(name, manifest.NAME): Piece(path / name, file.size, file.sha256)
        for name, file in sorted(record.files.items())
    }
    for name, piece in pieces.items():
        if sums.get(name, piece.sha256) != piece.sha256:
            raise VerificationFailed(
                f"{path}: its two lists contradict each other about {name}: {manifest.NAME} has SHA-256 "
                f"{piece.sha256}, {SUMS} has {sums[name]}",
                hint=DAMAGED_HINT,
            )
    return Portable(_model_id(path, record), record.source, record.revision, record.created, pieces)


def _piece(path: Path, name: str, sha256: str) -> Piece:
    try:
        return Piece(path / name, (path / name).stat().st_size, sha256)
    except OSError:
        return Piece(path / name, 0, sha256)  # reading it says what is wrong


def _sums(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise VerificationFailed(f"{path} cannot be read: {error}", hint=DAMAGED_HINT) from error
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise VerificationFailed(
                f"{path}:{number}: {line[:80]!r} is no SHA-256 and a name", hint=DAMAGED_HINT
            )
        found[checked_name(match["name"].removeprefix("./"), SUMS)] = match["sha256"]
    return found


def _model_id(path: Path, record: Manifest) -> str | None:
    data: Any = json.loads((path / manifest.NAME).read_bytes())
    if named := data.get("model"):
        return str(named)
    try:
        return ModelRef.parse(record.source).model_id
    except InvalidModelRef:
        return None
