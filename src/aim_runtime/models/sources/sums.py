"""The models room: SHA256SUMS, the file in which `sha256sum` writes down a folder's digests."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = "SHA256SUMS"
MAX_BYTES = 16 << 20
_LINE = re.compile(r"(?P<sha256>[0-9a-fA-F]{64}) [ *](?P<name>.+)")


def parse(text: bytes) -> Mapping[str, str]:
    """Return the SHA-256 in lower-case hex by path. Raises ValueError with what is wrong, and in which line.

    Both forms of the coreutils are read: two spaces, and a space with a star.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.decode("utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise ValueError(f"line {number} is not a digest and a name: {line[:80]!r}")
        name = match["name"].removeprefix("./")
        if found.get(name, match["sha256"].lower()) != match["sha256"].lower():
            raise ValueError(f"line {number} names {name} again, with another digest")
        found[name] = match["sha256"].lower()
    if not found:
        raise ValueError("it names no file")
    return found
