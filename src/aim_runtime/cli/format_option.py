"""The option `--format`, which is the same in every command that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def format_option(*formats: str, help_: str | None = None) -> Callable[[_Command], _Command]:
    """Give a command the argument `format_`: one of `formats`, the first where none is given."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=help_,
    )
