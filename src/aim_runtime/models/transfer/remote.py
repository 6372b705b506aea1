"""What the byte mover and a source of weights agree on: files at an address, and how their bytes are read.

A source lists (`Snapshot`) and opens connections; the mover decides which bytes are read when, by how
many connections, where they go and whether they are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Algorithm(StrEnum):
    """The checksums that sources promise; `git-sha1` is that of git's blobs, with their header."""

    SHA256 = "sha256"
    SHA1 = "sha1"
    GIT_SHA1 = "git-sha1"
    MD5 = "md5"
    CRC32 = "crc32"
    CRC32C = "crc32c"
    CRC64NVME = "crc64nvme"


@dataclass(frozen=True)
class Digest:
    """A checksum of a whole file; `value` in lower-case hex."""

    algorithm: Algorithm
    value: str

    def __str__(self) -> str:
        name = "SHA-256" if self.algorithm is Algorithm.SHA256 else self.algorithm.upper()
        return f"{name} {self.value}"


@dataclass(frozen=True)
class RemoteFile:
    """One file of a source.

    `name` is its path in the model's folder, with `/`; `at` what the source's connection needs to find
    it (a URL, a key); `etag` its version as the source names it, which every read insists on; `digest`
    what its bytes must add up to, None where the source promises nothing but the size; `divisible`
    whether it can be read in ranges, else it is read in one go.
    """

    name: str
    size_bytes: int
    at: str
    etag: str | None = None
    digest: Digest | None = None
    divisible: bool = True


class Again(Exception):
    """A read failed in a way that another try may mend; `after_s`: not sooner than this."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after_s = reason, after_s


class Changed(Exception):
    """The source has another version of the file now than the one that was listed."""


class Connection(Protocol):
    """One connection of a source; each belongs to one thread and is used for one read at a time."""

    def read(self, file: RemoteFile, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes `start` up to `stop` (exclusive, > start) of `file`, in pieces of up to 1 MiB.

        A piece is only valid until the next one is asked for. Raises Again, Changed, or the ModelError
        that ends the fetch. A source that yields less than it was asked for is asked for the rest.
        """
        ...

    def close(self) -> None:
        """Let go of the connection; called from the same thread, also in the middle of a read."""
        ...


@dataclass(frozen=True)
class Snapshot:
    """One state of a model at its source: which state (a commit, a version, a digest), and its files.

    `connect` opens one more connection; it does no I/O itself.
    """

    revision: str | None
    files: tuple[RemoteFile, ...]
    connect: Callable[[], Connection]
