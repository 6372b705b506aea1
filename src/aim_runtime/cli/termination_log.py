"""The reason of a failure in the file that Kubernetes shows it from (`kubectl describe pod`)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aim_runtime.cli import output
from aim_runtime.errors import AimError
from aim_runtime.variables import DEFAULT_TERMINATION_LOG

# Kubernetes shows no more of it (pkg/kubelet/container: MaxContainerTerminationMessageLength).
_MOST_BYTES = 4096
_VARIABLE = "AIM_TERMINATION_LOG"


@contextmanager
def of_errors() -> Iterator[None]:
    """Write down the error that ends the block: also one of the settings, so the variable is read here."""
    try:
        yield
    except AimError as error:
        write(error)
        raise


def write(error: AimError) -> None:
    """Write message and hint as one line; nothing fails because of it.

    Kubernetes makes the file before it starts a container. One that the user named is made; the usual one
    is not: on a machine of one's own it would be a stray file in /dev.
    """
    path = os.environ.get(_VARIABLE, "").strip()
    made = os.O_CREAT if path else 0
    text = "; ".join(filter(None, (error.line, error.hint)))
    line = output.redact(" ".join(text.split()))
    with suppress(OSError):
        # Not blocking: whatever there is under that name, for example a pipe, it is not waited for.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | made
        descriptor = os.open(os.path.expanduser(path) or DEFAULT_TERMINATION_LOG, flags, 0o644)  # noqa: PTH111
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, _cut(line, _MOST_BYTES - 1) + b"\n")
        finally:
            os.close(descriptor)


def _cut(line: str, most_bytes: int) -> bytes:
    """The line in UTF-8, without the half of a character at its end."""
    return line.encode()[:most_bytes].decode("utf-8", "ignore").encode()
