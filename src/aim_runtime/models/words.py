"""The models room: small pieces of its messages."""

from __future__ import annotations

import errno

from aim_runtime.redact import hide_users

_WHY_NOT_WRITABLE = {
    errno.EACCES: "this user may not write there",
    errno.EPERM: "this user may not write there",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EIO: "the disk reports an error",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "there is a file where the folder should be",
}


def redact(text: str) -> str:
    """Return `text` without the user name and password that a URL in it may carry."""
    return hide_users(text)


def last_lines(text: str, count: int) -> str:
    """Return the last `count` lines that are not empty, joined by newlines."""
    # A progress bar overwrites its line with carriage returns: only its last state is of interest.
    lines = [line.rsplit("\r", 1)[-1].rstrip() for line in text.split("\n")]
    return "\n".join([line for line in lines if line][-count:])


def size(count_bytes: int) -> str:
    """Return a size as a person reads it, in decimal units."""
    value, unit = float(count_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def is_cache_fault(error: OSError) -> bool:
    """Return whether the disk or its permissions are the fault, and not the network."""
    return error.errno in _WHY_NOT_WRITABLE


def why_not_writable(error: OSError) -> str:
    """Return the reason in words."""
    return _WHY_NOT_WRITABLE.get(error.errno or 0) or error.strerror or str(error)
