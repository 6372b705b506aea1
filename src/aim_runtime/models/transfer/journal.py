"""What an interrupted download leaves for the next one: which files of the folder are whole.

One line a file, appended when its bytes are verified and it has its name. Of a line that a kill cut in
half nothing is believed.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.transfer.remote import RemoteFile

STATE = ".parts"
_NAME = "whole.jsonl"


@dataclass(frozen=True)
class _Line:
    """`identity` is the version of the file at its source; the rest says which file here it was."""

    name: str
    identity: str
    sha256: str
    mtime_ns: int
    boot: str


class Journal:
    """The record of one folder. Used by several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / STATE / _NAME
        self._lock = threading.Lock()
        self._lines = {line.name: line for line in self._read()}

    def sha256(self, file: RemoteFile) -> str | None:
        """Return the SHA-256 of `file` where the folder has it whole, by what was written down of it.

        After a restart of the machine the bytes may be gone that were here before it: they are read again.
        """
        line = self._lines.get(file.name)
        path = self._folder / file.name
        try:
            status = path.lstat()
        except (OSError, ValueError):
            return None
        if line is None or line.identity != identity(file) or status.st_size != file.size_bytes:
            return None
        if line.mtime_ns != status.st_mtime_ns:
            return None
        if line.boot != boot_id():
            with path.open("rb") as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != line.sha256:
                    return None
        return line.sha256

    def add(self, file: RemoteFile, sha256: str) -> None:
        """Write down that `file` is whole, under its own name, in the folder."""
        mtime_ns = (self._folder / file.name).stat().st_mtime_ns
        line = _Line(file.name, identity(file), sha256, mtime_ns, boot_id())
        text = json.dumps(asdict(line)) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as journal:
            sharing.open_as_the_parent(self._path)
            journal.write(text)  # one write of one line: a reader sees all of it or a part that is no JSON

    def _read(self) -> list[_Line]:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        found = []
        for line in text.split("\n"):
            try:
                found.append(_Line(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        return found


def identity(file: RemoteFile) -> str:
    """Return what tells one version of a file from another at its source."""
    return json.dumps([file.size_bytes, file.etag, str(file.digest) if file.digest else None])


def as_mapping(text: str) -> Mapping[str, object]:
    """Parse a JSON object; what is none is empty."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def boot_id() -> str:
    """Return what changes when the machine is restarted: until then what was written can be read back."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - hot
            return file.read().strip()
    except OSError:
        return f"unknown-{os.getpid()}"
