"""One file on its way: its bytes at their places, and beside them which of its chunks have arrived."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.transfer.journal import STATE, as_mapping, boot_id, identity
from aim_runtime.models.transfer.remote import RemoteFile

# How much a kill can lose of each connection's work. Larger chunks ask less often, and end less evenly.
CHUNK_BYTES = 8 * 1024 * 1024
PART_SUFFIXES = (".part", ".map", ".damaged")
_HEADER_BYTES = 4096
_NO_RESERVING = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class Descriptor:
    """A file descriptor that closes when nobody uses it any more: a thread may still be writing."""

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        sharing.open_as_the_parent(path)  # at once: after a kill another user may go on with it

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)


class Part:
    """A file of which chunks arrive in any order, by any process, at any time.

    Chunks are written at their own places, so that two writers of one version cannot harm each other.
    The map has a header that names the version and a byte a chunk, set after the chunk was written.
    `network`: the file system is another machine's.
    """

    def __init__(self, file: RemoteFile, folder: Path, *, network: bool = False) -> None:
        self.file, self._folder, self._network = file, folder, network
        # Another version of the file is another file: they could be on their way at the same time.
        key = f"{file.name}\0{identity(file)}".encode("utf-8", "surrogateescape")
        self.path = folder / STATE / f"{hashlib.sha256(key).hexdigest()[:24]}.part"
        self._map_path = self.path.with_suffix(".map")
        chunk_bytes = CHUNK_BYTES if file.divisible else max(file.size_bytes, 1)
        self.chunk_bytes = chunk_bytes
        self.arrived = bytearray(-(-file.size_bytes // chunk_bytes))
        self._opening = threading.Lock()
        self._bytes: Descriptor | None = None
        self._map: Descriptor | None = None
        self.resumed = self._recall()

    @property
    def missing(self) -> list[int]:
        """The chunks that are still to be fetched."""
        return [number for number, mark in enumerate(self.arrived) if not mark]

    @property
    def present_bytes(self) -> int:
        return sum(
            stop - start
            for number, mark in enumerate(self.arrived)
            if mark
            for start, stop in [self.span(number)]
        )

    def span(self, chunk: int) -> tuple[int, int]:
        """The bytes of a chunk: from, up to."""
        start = chunk * self.chunk_bytes
        return start, min(start + self.chunk_bytes, self.file.size_bytes)

    def write(self, piece: memoryview, at: int) -> None:
        descriptor = self._open().number
        while piece:
            written = os.pwrite(descriptor, piece, at)
            piece, at = piece[written:], at + written

    def read_into(self, buffer: memoryview, at: int) -> int:
        return os.preadv(self._open().number, [buffer], at)

    def mark(self, chunk: int) -> None:
        """Take note that a chunk is written."""
        self._open()
        if self._map is not None:
            os.pwrite(self._map.number, b"\1", _HEADER_BYTES + chunk)
        self.arrived[chunk] = 1

    def settle(self, start: int, stop: int) -> None:
        """Bring bytes to a network file system's server, and forget the pages: they count as this
        container's memory, which is how a download ends one (pixeloven/ComfyUI-Docker#66)."""
        if self._network:
            descriptor = self._open().number
            os.fdatasync(descriptor)
            os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_DONTNEED)

    def finish(self) -> None:
        """Give the file its name."""
        target = self._folder / self.file.name
        sharing.make(target.parent)
        ours = os.fstat(self._open().number)
        try:
            self.path.replace(target)
        except FileNotFoundError:
            # Where locks do not hold, another process may have done it just now, with this very file.
            if not os.path.samestat(ours, target.stat()):
                raise
        self._forget()

    def set_aside(self) -> Path:
        """Keep wrong bytes where nothing takes them for the file, for whoever wants to look at them."""
        damaged = self.path.with_suffix(".damaged")
        self.path.replace(damaged)
        self._forget()
        return damaged

    def start_over(self) -> None:
        """Throw away what has arrived."""
        self.path.unlink(missing_ok=True)
        self._forget()
        self.arrived = bytearray(len(self.arrived))
        self.resumed = False

    def _forget(self) -> None:
        self._map_path.unlink(missing_ok=True)
        self._bytes = self._map = None

    def _header(self) -> bytes:
        said = {"file": self.file.name, "identity": identity(self.file), "chunk_bytes": self.chunk_bytes}
        return json.dumps({**said, "boot": boot_id()}).encode()

    def _recall(self) -> bool:
        """Take over what an earlier run left of this very version; return whether there was any."""
        if len(self.arrived) < 2:
            return False
        try:
            with self._map_path.open("rb") as file:
                header, marks = file.read(_HEADER_BYTES), file.read(len(self.arrived))
            size_bytes = self.path.stat().st_size
        except OSError:
            return False
        said = as_mapping(header.rstrip(b"\0").decode("utf-8", "replace"))
        same = said.get("file") == self.file.name and said.get("identity") == identity(self.file)
        # Without a checksum nothing would tell that the machine lost the bytes when it went down.
        believed = self.file.digest is not None or said.get("boot") == boot_id()
        if not same or not believed or said.get("chunk_bytes") != self.chunk_bytes:
            return False
        if size_bytes != self.file.size_bytes or len(marks) != len(self.arrived):
            return False
        self.arrived = bytearray(1 if mark == 1 else 0 for mark in marks)
        return any(self.arrived)

    def _open(self) -> Descriptor:
        with self._opening:
            if self._bytes is None:
                found = Descriptor(self.path)
                if not self.resumed:
                    self._begin(found)
                elif self._map is None:
                    self._map = Descriptor(self._map_path)
                self._bytes = found
            return self._bytes

    def _begin(self, found: Descriptor) -> None:
        """Make room for the whole file, and a map on which nothing has arrived."""
        if len(self.arrived) < 2:  # nothing between nothing and all of it to take note of
            os.ftruncate(found.number, self.file.size_bytes)
            return
        self._map = Descriptor(self._map_path)
        os.ftruncate(self._map.number, 0)  # first: of the bytes that follow, none is to be believed
        _reserve(found, self.file.size_bytes, network=self._network)
        header = self._header()
        if len(header) > _HEADER_BYTES:
            return  # a name of thousands of characters: it starts over after a kill
        os.pwrite(self._map.number, header.ljust(_HEADER_BYTES, b"\0") + bytes(len(self.arrived)), 0)


def _reserve(found: Descriptor, size_bytes: int, *, network: bool) -> None:
    """Give the file its size. On a disk the room is taken at once, so that it cannot run out later."""
    os.ftruncate(found.number, size_bytes)
    if network or not size_bytes:  # a file system that cannot reserve gets all of it written, as zeros
        return
    try:
        os.posix_fallocate(found.number, 0, size_bytes)
    except OSError as error:
        if error.errno not in _NO_RESERVING:
            raise


def marked_bytes(part_path: Path) -> int:
    """Return how much of a file on its way has arrived, by its map alone: for whoever looks from outside."""
    try:
        data = part_path.with_suffix(".map").read_bytes()
        size_bytes = part_path.stat().st_size
    except OSError:
        return 0
    said = as_mapping(data[:_HEADER_BYTES].rstrip(b"\0").decode("utf-8", "replace"))
    chunk_bytes = said.get("chunk_bytes")
    if not isinstance(chunk_bytes, int):
        return 0
    return min(size_bytes, data[_HEADER_BYTES:].count(1) * chunk_bytes)
