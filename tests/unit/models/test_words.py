"""Messages: what they must not say, and how they say it."""

from __future__ import annotations

import errno
import ssl

import pytest

from aim_runtime.errors import AccessDenied, CacheNotWritable, DownloadFailed, SourceUnreachable
from aim_runtime.models.ref import ModelRef
from aim_runtime.models.sources.huggingface_errors import explain, reason, sign_in
from aim_runtime.models.words import last_lines, redact, size

REF = ModelRef.parse("org/m")


def test_credentials_in_a_url_are_not_shown() -> None:
    assert redact("see https://me:secret@host/x and http://h/y") == "see https://****@host/x and http://h/y"
    for error in (
        sign_in("org/m", "https://me:secret@hub"),
        explain(ConnectionRefusedError(), REF, "https://me:secret@hub", started=False),
        explain(ValueError(), REF, "https://me:secret@hub", started=True),
    ):
        assert "secret" not in error.message + error.hint
    assert isinstance(sign_in("org/m", "https://hub"), AccessDenied)


def test_last_lines() -> None:
    assert last_lines("a\n\nb 10%\rb 100%\nc\n", 2) == "b 100%\nc"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (92_871_040, "92.9 MB")]
)
def test_size(count: int, words: str) -> None:
    assert size(count) == words


def test_a_full_disk_is_the_disks_fault() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/cache/x")
    error = explain(full, REF, "https://hub", started=True)
    assert isinstance(error, CacheNotWritable)
    assert error.message == "cannot write /cache/x: the disk is full"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "connection refused"),
        (TimeoutError(), "no answer in time"),
        (ssl.SSLError(1, "x"), "the secure connection failed (TLS)"),
        (ValueError("Expecting value"), "what answers there is not a model hub"),
        (OSError("https://a:b@h went away\nmore"), "https://****@h went away"),
    ],
)
def test_reason(error: Exception, words: str) -> None:
    assert reason(error) == words


def test_the_reason_is_at_the_bottom() -> None:
    wrapped = RuntimeError("ConnectError")
    wrapped.__cause__ = ConnectionRefusedError()
    assert reason(wrapped) == "connection refused"


def test_before_and_after_the_first_byte() -> None:
    assert isinstance(explain(TimeoutError(), REF, "h", started=False), SourceUnreachable)
    assert isinstance(explain(TimeoutError(), REF, "h", started=True), DownloadFailed)
