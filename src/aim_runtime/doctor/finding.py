"""What an examination finds: the value that `doctor` prints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error would stop `serve`; a warning makes it worse; a note is worth knowing; ok was looked at."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    `code` is a stable name, `area.thing`; `seen` what there is, with the values; `why` why it matters;
    `fix` the lines that mend it, each a command to run or a line of YAML to add, empty for what is ok.
    """

    code: str
    severity: Severity
    seen: str
    why: str = ""
    fix: tuple[str, ...] = ()


def error(code: str, seen: str, why: str, *fix: str) -> Finding:
    """What would stop `serve`."""
    return Finding(code, Severity.ERROR, seen, why, fix)


def warning(code: str, seen: str, why: str, *fix: str) -> Finding:
    """What makes `serve` worse."""
    return Finding(code, Severity.WARNING, seen, why, fix)


def note(code: str, seen: str, why: str = "", *fix: str) -> Finding:
    """What is worth knowing."""
    return Finding(code, Severity.NOTE, seen, why, fix)


def ok(code: str, seen: str) -> Finding:
    """What was looked at and is as it should be."""
    return Finding(code, Severity.OK, seen)
