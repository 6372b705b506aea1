"""The one sink: data to stdout, words to stderr, secrets to neither."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import click

from aim_runtime.variables import SECRETS

_HIDDEN = "***"
# Shorter values would hide ordinary words, and no such secret is real.
_SHORTEST_SECRET = 6
_environ: Mapping[str, str] = {}
_error_format = "text"


def setup(environ: Mapping[str, str]) -> None:
    """Say where secrets and the error format are looked up."""
    global _environ, _error_format
    _environ = environ
    _error_format = "json" if environ.get("AIM_LOG_FORMAT", "").casefold() == "json" else "text"


def errors_as(error_format: str) -> None:
    """Choose how `error` prints: text or json."""
    global _error_format
    _error_format = error_format


def redact(text: str) -> str:
    """Hide the values of the secrets that are in the environment."""
    for name in SECRETS:
        secret = _environ.get(name, "").strip()
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, _HIDDEN)
    return text


def data(text: str) -> None:
    """Print what the command was asked for; quietly end where the reader has gone, as `| head` does."""
    try:
        click.echo(redact(text))
    except BrokenPipeError:
        # Else the interpreter's own flush at exit would fail on the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def words(text: str) -> None:
    """Print something for a person."""
    click.echo(redact(text), err=True)


def warning(text: str) -> None:
    """Print something that the user should know and that stops nothing."""
    words(f"{click.style('warning:', fg='yellow')} {text}")


def error(message: str, *, code: str, hint: str) -> None:
    """Print why the command failed and what to do about it."""
    if _error_format == "json":
        import json  # on the way out only

        words(json.dumps({"code": code, "message": redact(message), "hint": redact(hint)}))
        return
    words(f"{click.style('error:', fg='red', bold=True)} {message}")
    if hint:
        words(f"{click.style('  fix:', fg='green')} {hint}")


def flush() -> None:
    """Write out what is buffered."""
    sys.stdout.flush()
    sys.stderr.flush()
