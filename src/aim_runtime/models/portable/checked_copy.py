"""The models room: bytes of a model that are read, compared with their digest, and written elsewhere."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.filesystem import is_network
from aim_runtime.models.portable.model import Piece

_PIECE_BYTES = 1 << 20
# How much a network file system may owe its server.
_SETTLE_BYTES = 64 * 1024 * 1024
DAMAGED_HINT = "what is damaged is not used; take the model from where it is whole"


def copy(piece: Piece, name: str, target: Path, watch: Callable[[int], None]) -> None:
    """Write the bytes of `piece` to the new file `target`, and make sure that they are the right ones.

    `watch` is told how many bytes came since it was last told. To sync it is the caller's part: once for
    all files. Raises VerificationFailed naming the file `name`; OSError is about `target`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    owes = piece.size_bytes > _SETTLE_BYTES and is_network(target.parent)
    settled = 0
    with target.open("xb") as file:

        def take(data: bytes) -> None:
            nonlocal settled
            file.write(data)
            if owes and file.tell() - settled >= _SETTLE_BYTES:
                # What another machine has not got yet counts as this container's memory.
                file.flush()
                os.fdatasync(file.fileno())
                os.posix_fadvise(file.fileno(), settled, file.tell() - settled, os.POSIX_FADV_DONTNEED)
                settled = file.tell()

        _read(piece, name, watch, take)


def verify(piece: Piece, name: str, watch: Callable[[int], None]) -> None:
    """Read the bytes of `piece`, and make sure that they are the right ones."""
    _read(piece, name, watch, lambda _: None)


def sha256_of(path: Path, watch: Callable[[int], None]) -> str:
    """Return the SHA-256 of a file in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_PIECE_BYTES):
            digest.update(data)
            watch(len(data))
    return digest.hexdigest()


def _read(piece: Piece, name: str, watch: Callable[[int], None], take: Callable[[bytes], None]) -> None:
    size_bytes = _size(piece, name)
    if size_bytes != piece.size_bytes:
        raise VerificationFailed(
            f"{name} ({piece.path}) is {size_bytes} bytes long: {piece.size_bytes} bytes expected, "
            f"{size_bytes} got",
            hint=DAMAGED_HINT,
        )
    digest = hashlib.sha256()
    for data in _pieces(piece, name):
        digest.update(data)
        take(data)
        watch(len(data))
    if digest.hexdigest() != piece.sha256:
        raise VerificationFailed(
            f"{name} ({piece.path}) is damaged: SHA-256 {piece.sha256} expected, {digest.hexdigest()} got",
            hint=DAMAGED_HINT,
        )


def _size(piece: Piece, name: str) -> int:
    try:
        return piece.path.stat().st_size
    except FileNotFoundError:
        raise VerificationFailed(
            f"{name} is missing: {piece.path} with {piece.size_bytes} bytes expected, nothing got",
            hint=DAMAGED_HINT,
        ) from None
    except OSError as error:
        raise _unreadable(piece, name, error) from error


def _pieces(piece: Piece, name: str) -> Iterator[bytes]:
    """Yield the bytes of a file; what goes wrong with it is not to be taken for a fault of the target's."""
    try:
        with piece.path.open("rb") as file:
            while data := file.read(_PIECE_BYTES):
                yield data
    except OSError as error:
        raise _unreadable(piece, name, error) from error


def _unreadable(piece: Piece, name: str, error: OSError) -> VerificationFailed:
    return VerificationFailed(f"{name} ({piece.path}) cannot be read: {error.strerror}", hint=DAMAGED_HINT)
