"""What a look at a file of the catalogue finds: the value that lint prints."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Severity(StrEnum):
    """An error stops the profile or misleads who reads it; a warning does neither."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a file; line and column count from 1, `rule` is a stable name.

    What is about the whole of a file stands at its first character.
    """

    path: Path
    line: int
    column: int
    severity: Severity
    rule: str
    text: str
    fix: str


@dataclass(frozen=True)
class Remark:
    """A finding before its place is looked up: `location` names a key of the file, () the whole of it."""

    location: tuple[Any, ...]
    severity: Severity
    rule: str
    text: str
    fix: str


def error(rule: str, location: tuple[Any, ...], text: str, fix: str) -> Remark:
    """A remark that something must be mended."""
    return Remark(location, Severity.ERROR, rule, text, fix)


def warning(rule: str, location: tuple[Any, ...], text: str, fix: str) -> Remark:
    """A remark that something should be mended."""
    return Remark(location, Severity.WARNING, rule, text, fix)
