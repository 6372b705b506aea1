"""The checksums of files while they arrive: SHA-256 always, and the one that the source promises."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

from aim_runtime.errors import ExtraMissing
from aim_runtime.models.transfer.remote import Algorithm, Digest


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class _Crc:
    """A cyclic redundancy check with the interface of hashlib; `step` takes the data and the sum so far."""

    def __init__(self, step: Callable[[bytes | memoryview, int], int], digits: int) -> None:
        self._step, self._digits, self._sum = step, digits, 0

    def update(self, data: bytes | memoryview, /) -> None:
        self._sum = self._step(data, self._sum)

    def hexdigest(self) -> str:
        return f"{self._sum:0{self._digits}x}"


class Checksums:
    """The SHA-256 of one file, fed from its beginning, and what its source promised of it.

    SHA-256 goes into the manifest whatever the source promised, so that any later look needs no source.
    Raises ExtraMissing for a promise that this installation has no arithmetic for.
    """

    def __init__(self, promised: Digest | None, size_bytes: int) -> None:
        self._promised = promised
        self._sha256 = hashlib.sha256()
        self._other = _other(promised.algorithm, size_bytes) if promised else None

    def update(self, data: bytes | memoryview) -> None:
        self._sha256.update(data)
        if self._other is not None:
            self._other.update(data)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def broken(self) -> tuple[str, str] | None:
        """The checksum that was promised and the one that came, where they differ."""
        if self._promised is None:
            return None
        got = (self._other or self._sha256).hexdigest()
        if got == self._promised.value:
            return None
        return str(self._promised), got


def _other(algorithm: Algorithm, size_bytes: int) -> _Hash | None:
    """A second sum beside SHA-256, None where that is the one."""
    if algorithm is Algorithm.SHA256:
        return None
    if algorithm is Algorithm.GIT_SHA1:  # of git's blob: a header, then the bytes
        return hashlib.sha1(b"blob %d\0" % size_bytes, usedforsecurity=False)
    if algorithm in (Algorithm.SHA1, Algorithm.MD5):
        return hashlib.new(algorithm, usedforsecurity=False)
    if algorithm is Algorithm.CRC32:
        return _Crc(zlib.crc32, 8)
    try:
        from awscrt import checksums
    except ImportError as error:
        raise ExtraMissing(
            f"the store checks its objects with {algorithm.upper()}, which needs the library awscrt",
            hint="pip install 'aim-runtime[s3]'",
        ) from error
    return _Crc(checksums.crc32c, 8) if algorithm is Algorithm.CRC32C else _Crc(checksums.crc64nvme, 16)
