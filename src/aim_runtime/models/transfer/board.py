"""What is left to do of one download, shared by its threads: chunks to fetch, files to check."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from aim_runtime.models.transfer.part import Part


@dataclass(frozen=True)
class Task:
    """One chunk of one file."""

    part: Part
    chunk: int


@dataclass
class Board:
    """The state of a download. What its threads change is behind one lock, held for moments only.

    `limit` is how many connections may work; `failure` what ended the download; `notices` what a person
    should hear, for the thread that reports.
    """

    limit: int
    tasks: deque[Task] = field(default_factory=deque)
    notices: deque[str] = field(default_factory=deque)
    failure: BaseException | None = None
    arrived_bytes: int = 0
    slow_downs: int = 0
    _unchecked: list[Part] = field(default_factory=list)
    _claimed: set[int] = field(default_factory=set)
    _checked: dict[int, int] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: bool = False
    _left: int = 0

    def add(self, parts: Iterable[Part]) -> None:
        """Put files on the board: what is missing of them is fetched, all of them are checked."""
        with self._changed:
            for part in parts:
                self._unchecked.append(part)
                self._checked[id(part)] = 0
                self._left += 1
                self.tasks.extend(Task(part, chunk) for chunk in part.missing)
            self._changed.notify_all()

    def take(self, number: int) -> Task | None:
        """Return the next chunk for connection `number`; None when it is not needed any more.

        Waits while there may be more: a file that turns out wrong is fetched again.
        """
        with self._changed:
            while not self._closed and self._left:
                if self.tasks and number < self.limit:
                    return self.tasks.popleft()
                self._changed.wait(0.5)
            return None

    def count(self, bytes_: int) -> None:
        with self._changed:
            self.arrived_bytes += bytes_

    def arrived(self, task: Task) -> None:
        """Take note that a chunk is in its place."""
        task.part.mark(task.chunk)
        with self._changed:
            self._changed.notify_all()

    def claim(self) -> tuple[Part, int] | None:
        """Return a file, and the chunk from which on it can be checked now; None when all is over."""
        with self._changed:
            while not self._closed and self._left:
                for part in self._unchecked:
                    at = self._checked[id(part)]
                    if id(part) not in self._claimed and (at == len(part.arrived) or part.arrived[at]):
                        self._claimed.add(id(part))
                        return part, at
                self._changed.wait(0.5)
            return None

    def release(self, part: Part, at: int) -> None:
        """Leave a file to whoever checks next: everything before chunk `at` is done."""
        with self._changed:
            self._checked[id(part)] = at
            self._claimed.discard(id(part))
            self._changed.notify_all()

    def done(self, part: Part) -> None:
        """Take a checked file from the board."""
        with self._changed:
            self._unchecked.remove(part)
            self._claimed.discard(id(part))
            self._left -= 1
            self._changed.notify_all()

    def again(self, part: Part) -> None:
        """Fetch all of a file again."""
        with self._changed:
            self._checked[id(part)] = 0
            self._claimed.discard(id(part))
            self.arrived_bytes -= part.file.size_bytes
            self.tasks.extend(Task(part, chunk) for chunk in part.missing)
            self._changed.notify_all()

    def say(self, text: str) -> None:
        self.notices.append(text)

    def too_fast(self) -> None:
        """Take note that the source asks for fewer requests."""
        with self._changed:
            self.slow_downs += 1

    def fail(self, error: BaseException) -> None:
        """End the download with the first error of any thread."""
        with self._changed:
            self.failure = self.failure or error
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """End the download, without waiting for the lock (see `over`)."""
        self._closed = True
        if self._changed.acquire(blocking=False):
            self._changed.notify_all()
            self._changed.release()

    @property
    def closed(self) -> bool:
        return self._closed

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the download."""
        until = time.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do, or nothing is to be done any more.

        Looked at without the lock. Who looks may be interrupted anywhere by an exception of a signal
        handler, also between taking a lock and leaving it: then the threads would wait for ever.
        """
        return self._closed or not self._left
