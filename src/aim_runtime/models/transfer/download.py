"""The byte mover: brings the files of a snapshot into a folder, verified, by several connections at once."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from aim_runtime.models import sharing
from aim_runtime.models.background import carrying
from aim_runtime.models.cache import ensure_space
from aim_runtime.models.events import Notice, Progress, Report
from aim_runtime.models.filesystem import is_network
from aim_runtime.models.transfer.board import Board
from aim_runtime.models.transfer.checking import Checker
from aim_runtime.models.transfer.connections import Connections
from aim_runtime.models.transfer.fetching import fetch_chunks
from aim_runtime.models.transfer.journal import STATE, Journal
from aim_runtime.models.transfer.leftovers import remove_abandoned, remove_strangers
from aim_runtime.models.transfer.part import Part
from aim_runtime.models.transfer.remote import RemoteFile, Snapshot
from aim_runtime.models.words import size

_POLL_S, _REPORT_S = 0.01, 0.2
_CHECKERS = 2
# Kept free of what the disk has: the manifest, and whatever else writes there meanwhile.
_RESERVE_BYTES = 16 * 1024 * 1024


def download(snapshot: Snapshot, into: Path, report: Report, *, what: str) -> Mapping[str, str]:
    """Bring the files of `snapshot` into the folder `into`; return their SHA-256 in hex by name.

    `into` may hold what an earlier call left, also one that was killed: whole files and whole chunks are
    not read again. Files of `into` that are not in the snapshot are removed. `what` is the model in
    messages. Raises ModelError, and Changed when the source's files are not those listed any more.
    """
    state = into / STATE
    sharing.make(state)
    journal = Journal(into)
    found: dict[str, str] = {}
    missing: list[RemoteFile] = []
    for file in sorted(snapshot.files, key=lambda each: (-each.size_bytes, each.name)):
        sha256 = journal.sha256(file)
        if sha256 is None:
            missing.append(file)
        else:
            found[file.name] = sha256
    network = is_network(into)
    parts = [Part(file, into, network=network) for file in missing]
    remove_abandoned(state, {part.path.stem for part in parts})
    remove_strangers(into, {file.name for file in snapshot.files})
    total_bytes = sum(file.size_bytes for file in snapshot.files)
    left_bytes = sum(part.file.size_bytes - part.present_bytes for part in parts)
    if left_bytes:
        ensure_space(into, left_bytes + _RESERVE_BYTES - _reserved(parts))
    if total_bytes > left_bytes:
        report(Notice(f"{size(total_bytes - left_bytes)} of {size(total_bytes)} are here already"))

    def keep(file: RemoteFile, sha256: str) -> None:
        journal.add(file, sha256)
        found[file.name] = sha256

    board = Board(Connections().allowed)
    board.add(parts)
    checker = Checker(board, keep, what)
    _run(snapshot, board, checker, what, report, (total_bytes - left_bytes, total_bytes))
    shutil.rmtree(state, ignore_errors=True)
    return found


def _run(
    snapshot: Snapshot, board: Board, checker: Checker, what: str, report: Report, known: tuple[int, int]
) -> None:
    """Run the threads until the board is empty, and report; they end with this call, however it ends."""
    present_bytes, total_bytes = known
    report(Progress("download", present_bytes, total_bytes))  # from here on it is this call's work
    connections, threads = Connections(), [_start(checker.run, board) for _ in range(_CHECKERS)]
    fetching = 0
    try:
        while True:
            while fetching < min(board.limit, len(board.tasks) + fetching):
                threads.append(_start(partial(fetch_chunks, snapshot, board, fetching, what), board))
                fetching += 1
            over = _wait(board)
            while board.notices:
                report(Notice(board.notices.popleft()))
            report(Progress("download", present_bytes + board.arrived_bytes, total_bytes))
            if board.failure is not None:
                raise board.failure
            if over:
                return
            board.limit = connections.observe(board.arrived_bytes, board.slow_downs)
    finally:
        board.close()
        _leave(threads)


def _wait(board: Board) -> bool:
    """Wait for the end, at most until the next report is due; return whether it has come."""
    due = time.monotonic() + _REPORT_S
    while not board.over and time.monotonic() < due:
        time.sleep(_POLL_S)
    return board.over


def _start(call: Callable[[], None], board: Board) -> threading.Thread:
    """Run `call` in a daemon thread, for which nobody waits at the end; what it raises ends the download."""

    def run() -> None:
        with carrying(board.fail):
            call()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _leave(threads: list[threading.Thread]) -> None:
    """Give the threads a moment to put down what they hold. One that waits for a server may stay behind:
    all that it can still write is the right bytes in their places."""
    deadline = time.monotonic() + 1.0
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _reserved(parts: list[Part]) -> int:
    """What unfinished files hold of the disk already beyond what has arrived of them."""
    held_bytes = 0
    for part in parts:
        if part.resumed:
            held_bytes += min(part.path.stat().st_blocks * 512, part.file.size_bytes) - part.present_bytes
    return max(0, held_bytes)
