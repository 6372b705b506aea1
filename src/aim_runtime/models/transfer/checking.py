"""The threads of a download that check: they read what has arrived, in order, while the rest arrives."""

from __future__ import annotations

from collections.abc import Callable

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.transfer.board import Board
from aim_runtime.models.transfer.digests import Checksums
from aim_runtime.models.transfer.part import Part
from aim_runtime.models.transfer.remote import RemoteFile

_BUFFER_BYTES = 1024 * 1024
# How much a network file system may owe its server.
_SETTLE_BYTES = 64 * 1024 * 1024


class Checker:
    """Adds up the checksums of the files on a board, and gives the right ones their names.

    `keep` is told the SHA-256 of each file that has its name. A file that came out wrong is fetched once
    more: a bit that fell over on the way will not do so again, a source that is wrong will.
    """

    def __init__(self, board: Board, keep: Callable[[RemoteFile, str], None], what: str) -> None:
        self._board, self._keep, self._what = board, keep, what
        self._sums: dict[int, Checksums] = {}
        self._settled: dict[int, int] = {}
        self._failed: set[int] = set()

    def run(self) -> None:
        """Check whatever can be checked, until there is nothing left. For several threads."""
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        while (claimed := self._board.claim()) is not None:
            part, at = claimed
            sums = self._sums.setdefault(id(part), Checksums(part.file.digest, part.file.size_bytes))
            while at < len(part.arrived) and part.arrived[at] and not self._board.closed:
                self._add(part, at, sums, buffer)
                at += 1
            if at == len(part.arrived):
                self._end(part, sums)
            else:
                self._board.release(part, at)

    def _add(self, part: Part, chunk: int, sums: Checksums, buffer: memoryview) -> None:
        at, stop = part.span(chunk)
        while at < stop:
            got = part.read_into(buffer[: min(len(buffer), stop - at)], at)
            if not got:
                raise VerificationFailed(
                    f"{part.file.name} of {self._what} became shorter while it was being written",
                    hint="something else changes the cache folder: find out what, and start again",
                )
            sums.update(buffer[:got])
            at += got
        settled = self._settled.get(id(part), 0)
        if at - settled >= _SETTLE_BYTES:
            part.settle(settled, at)
            self._settled[id(part)] = at

    def _end(self, part: Part, sums: Checksums) -> None:
        del self._sums[id(part)]
        self._settled.pop(id(part), None)
        if sums.broken is None:
            part.finish()
            self._keep(part.file, sums.sha256)
            self._board.done(part)
            return
        expected, got = sums.broken
        said = f"{part.file.name} of {self._what} is damaged: {expected} expected, {got} got"
        if id(part) in self._failed:
            raise VerificationFailed(
                said,
                hint=f"the file is set aside at {part.set_aside()} and not used; something between here and "
                "the source changes bytes, or the source itself is damaged",
            )
        self._failed.add(id(part))
        self._board.say(f"{said}; fetching it again")
        part.start_over()
        self._board.again(part)
