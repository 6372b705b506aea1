"""The one sink: data to stdout, words to stderr, secrets to neither."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType

import click

from aim_runtime.redact import hide
from aim_runtime.variables import SECRETS

_environ: Mapping[str, str] = {}
_error_format = "text"
_given: tuple[str, ...] = ()


def setup(environ: Mapping[str, str]) -> None:
    """Say where secrets and the error format are looked up."""
    global _environ, _error_format
    _environ = environ
    _error_format = "json" if environ.get("AIM_LOG_FORMAT", "").casefold() == "json" else "text"


def errors_as(error_format: str) -> None:
    """Choose how `error` prints: text or json."""
    global _error_format
    _error_format = error_format


def hide_also(secrets: Iterable[str]) -> None:
    """Hide these too, wherever they turn up: secrets that were given as arguments."""
    global _given
    _given = (*_given, *secrets)


def redact(text: str) -> str:
    """Hide secrets: those of the environment, those that were given, and what looks like one."""
    return hide(text, (*(_environ.get(name, "") for name in SECRETS), *_given))


def bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of a bug in this program; what its values hold may be secret."""
    import traceback  # on the way out only

    words("".join(traceback.format_exception(kind, error, trace)).rstrip("\n"))


def bug_of_thread(what: threading.ExceptHookArgs) -> None:
    """The same for a thread, which has no exit code."""
    bug(what.exc_type, what.exc_value or what.exc_type(), what.exc_traceback)


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


def error(message: str, *, code: str, hint: str, details: tuple[str, ...] = ()) -> None:
    """Print why the command failed and what to do about it; `details` are lines to show before that."""
    if _error_format == "json":
        import json  # on the way out only

        more = {"details": [redact(line) for line in details]} if details else {}
        words(json.dumps({"code": code, "message": redact(message), "hint": redact(hint), **more}))
        return
    for line in details:
        words(f"  | {line}")
    words(f"{click.style('error:', fg='red', bold=True)} {message}")
    if hint:
        words(f"{click.style('  fix:', fg='green')} {hint}")


def flush() -> None:
    """Write out what is buffered."""
    sys.stdout.flush()
    sys.stderr.flush()
