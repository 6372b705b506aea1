"""What a line of words may look like where it is read: width, colour, symbols."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import Any

import click


def is_terminal() -> bool:
    """Whether a person reads what goes to stdout."""
    return sys.stdout.isatty()


def width() -> int | None:
    """The columns of the terminal; None in a pipe, where lines are as long as what they say."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def symbol(drawn: str, plain: str) -> str:
    """The drawn symbol, or the plain one where stdout's encoding does not have it."""
    try:
        drawn.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return plain
    return drawn


def paint(text: str, **style: Any) -> str:
    """Colour the text for a terminal, unless its user wants none (https://no-color.org)."""
    if not text or os.environ.get("NO_COLOR") or not is_terminal():
        return text
    return click.style(text, **style)


def wrapped(text: str, first: str = "", then: str | None = None) -> list[str]:
    """The text in lines of the terminal's width, `first` before the first line and `then` before others.

    Words are never cut: a path or a setting that is longer than the line can still be copied.
    """
    columns = width()
    if columns is None:
        return [first + text]
    return textwrap.wrap(
        text,
        max(columns, len(first) + 20),
        initial_indent=first,
        subsequent_indent=" " * len(first) if then is None else then,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
