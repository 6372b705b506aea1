"""How a unit is written, so that systemd and podman read every value as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from aim_runtime.deploy.documents import comments
from aim_runtime.deploy.quadlet.objects import File

# Beside letters and digits, what stands in a word without quotes.
_PLAIN = frozenset("-_./:=,@+{}[]()^~!|&;<>?*#$%")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def to_unit(file: File, header: str = "") -> str:
    """The text of one file; the lines of `header` are comments in front."""
    sections = ("\n".join([f"[{name}]", *_lines(section)]) for name, section in file.sections.items())
    return comments(header) + ("\n" if header else "") + "\n\n".join(sections) + "\n"


def _lines(section: Any) -> Iterator[str]:
    for key, value in msgspec.to_builtins(section).items():
        for each in value if isinstance(value, list) else [value]:
            yield f"{key}={_word(each)}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def words(given: Iterable[str]) -> str:
    """Words of a command line or of an assignment, quoted where they need it, none of them expanded.

    systemd expands `%n` in the unit that podman makes of it, and `$NAME` in its command line.
    https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines
    """
    return " ".join(map(_quoted, given))


def _quoted(word: str) -> str:
    whole = word.replace("%", "%%").replace("$", "$$")
    if whole and all(letter.isalnum() or letter in _PLAIN for letter in whole):
        return whole
    return '"' + "".join(_ESCAPED.get(letter, letter) for letter in whole) + '"'
