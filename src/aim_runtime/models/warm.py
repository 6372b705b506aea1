"""The models room: read the weights into memory, and check them, while the engine gets ready to load them.

An engine imports for tens of seconds before it asks for the first weight, and the disk has nothing to do.
Threads of the lowest priority read the files meanwhile, so that loading finds them in memory (2.5 GB in
1.6 s instead of 3.0 s, benchmarks/warm_start.py); what nobody has compared with its SHA-256 yet is compared
on the way, from the same bytes. It is all left out where the weights would push out of memory what others
use, and where there is nothing to gain.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from aim_runtime.errors import VerificationFailed
from aim_runtime.models.background import start
from aim_runtime.models.manifest import FileRecord
from aim_runtime.models.residence import weights_of
from aim_runtime.models.storage import Medium, Storage

# The engine makes a copy of its own of what is read, and others need memory too.
MOST = 0.5
_PIECE_BYTES = 4 * 1024**2
# A disk is fastest with one reader from end to end; a server answers several at once.
_READERS = {Medium.NETWORK: 4}
_LOWEST_PRIORITY = 19
DAMAGED = ".damaged"


@dataclass(frozen=True)
class Task:
    """What to read: files with their sizes in bytes, and what some of them must add up to.

    A damaged file below `ours` is set aside, so that the next start fetches it again; others are not
    touched.
    """

    files: Mapping[Path, int]
    records: Mapping[Path, FileRecord]
    ours: Path
    readers: int = 1

    @property
    def total_bytes(self) -> int:
        return sum(self.files.values())


def task(folder: Path, storage: Storage, records: Mapping[str, FileRecord], *, ours: Path) -> Task | None:
    """Return what there is to do for the weights in `folder`; None where it is better not done.

    `records` are the files that have to be verified, by their names in the folder.
    """
    if not storage.fits(MOST):
        return None
    checked = {folder / name: record for name, record in records.items()}
    ahead = [] if storage.warm else weights_of(folder)
    # Small files first, as the engine reads them first; then the weights in the order of their names.
    paths = sorted({*checked, *ahead}, key=lambda path: (path in ahead, str(path)))
    files = {path: path.stat().st_size for path in paths}
    return Task(files, checked, ours, _READERS.get(storage.medium, 1)) if files else None


class Warming:
    """The threads that do a task; they end with the block, wherever they are."""

    def __init__(self, todo: Task | None) -> None:
        self._waiting = list(todo.files) if todo else []
        self._todo = todo or Task({}, {}, Path())
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wrong: list[VerificationFailed] = []
        self._raised = 0
        self._done_bytes = 0
        self._running = [start(self._work) for _ in range(min(self._todo.readers, len(self._waiting)))]

    def __enter__(self) -> Warming:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    @property
    def done_bytes(self) -> int:
        return self._done_bytes

    @property
    def total_bytes(self) -> int:
        return self._todo.total_bytes

    @property
    def verifies(self) -> bool:
        """Whether bytes are compared with what was recorded, and not only read."""
        return bool(self._todo.records)

    @property
    def finished(self) -> bool:
        """Whether every thread has ended, well or not."""
        return all(each.done() for each in self._running)

    @property
    def whole(self) -> bool:
        """Whether everything was read to its end, and nothing was wrong."""
        failed = any(each.exception() for each in self._running if each.done())
        return self.finished and not failed and not self._wrong and self._done_bytes >= self.total_bytes

    def check(self) -> None:
        """Raise VerificationFailed when a file turned out not to be what was recorded of it; once each."""
        with self._lock:
            if self._raised < len(self._wrong):
                self._raised += 1
                raise self._wrong[self._raised - 1]

    def _work(self) -> None:
        with suppress(OSError):  # a courtesy to the engine, not a need
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
        while not self._stop.is_set():
            with self._lock:
                if not self._waiting:
                    return
                path = self._waiting.pop(0)
            self._read(path, self._todo.records.get(path))

    def _read(self, path: Path, record: FileRecord | None) -> None:
        digest = hashlib.sha256()
        buffer = memoryview(bytearray(_PIECE_BYTES))
        with path.open("rb", buffering=0) as file:
            while not self._stop.is_set() and (got := file.readinto(buffer)):
                if record:
                    digest.update(buffer[:got])
                with self._lock:
                    self._done_bytes += got
        if record and not self._stop.is_set() and digest.hexdigest() != record.sha256:
            error = _damaged(path, record, digest.hexdigest(), _set_aside(path, self._todo.ours))
            with self._lock:
                self._wrong.append(error)


def _set_aside(path: Path, ours: Path) -> Path | None:
    """Give a damaged file a name under which nothing looks for it; return that, None where it cannot be.

    Of a link it is the file that it leads to: other links must not find it either.
    """
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(ours)):
        return None
    try:
        return real.rename(real.with_name(real.name + DAMAGED))
    except OSError:
        return None


def _damaged(path: Path, record: FileRecord, got: str, aside: Path | None) -> VerificationFailed:
    return VerificationFailed(
        f"{path} is damaged: SHA-256 {record.sha256} was recorded when it was fetched, {got} is there now",
        hint=f"it is set aside as {aside.name}: start again, and the model is fetched again"
        if aside
        else f"remove {path.parent} and start again, or put a whole copy there",
    )
