"""The threads of a download that fetch: each with one connection, one chunk after the other."""

from __future__ import annotations

from aim_runtime.models.transfer.board import Board, Task
from aim_runtime.models.transfer.patience import Patience
from aim_runtime.models.transfer.remote import Again, Connection, Snapshot


def fetch_chunks(snapshot: Snapshot, board: Board, number: int, what: str) -> None:
    """Fetch chunks with connection `number` until there are none, or it is not needed any more."""
    connection = snapshot.connect()
    try:
        while (task := board.take(number)) is not None:
            _fetch(connection, task, board, f"{task.part.file.name} of {what}")
    finally:
        connection.close()


def _fetch(connection: Connection, task: Task, board: Board, what: str) -> None:
    """Fetch one chunk, from where a failure left off: bytes that came need not come again."""
    part, patience = task.part, Patience()
    at, stop = part.span(task.chunk)
    while at < stop and not board.closed:
        try:
            for piece in connection.read(part.file, at, stop):
                part.write(piece, at)
                at += len(piece)
                board.count(len(piece))
                patience.renew()
                if board.closed:
                    return
        except Again as failure:
            if failure.after_s is not None:
                board.too_fast()
            pause_s = patience.spend(failure, what)
            if pause_s > 5:
                board.say(f"{what}: {failure.reason}; trying again in {pause_s:.0f} s")
            board.pause(pause_s)
    if at == stop:
        board.arrived(task)
