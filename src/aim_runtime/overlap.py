"""OVERLAP: what `serve` does with the weights while the engine starts, and what it says of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aim_runtime.errors import VerificationFailed
from aim_runtime.models import verified
from aim_runtime.models.events import Event, Notice, Progress
from aim_runtime.models.residence import look_at
from aim_runtime.models.warm import Warming, task
from aim_runtime.models.words import size
from aim_runtime.plan import Plan


class Overlap:
    """Reads and checks the weights of one plan in the background; made before they are fetched."""

    def __init__(self, plan: Plan, report: Callable[[Event], None]) -> None:
        self._cache = plan.site.cache
        self._memory_bytes = plan.site.hardware.cpu.free_bytes
        self._report = report
        self._before = verified.sealed(plan.location.path)
        self._folder = plan.location.path
        self._record = self._cache.verified(self._folder)
        self._warming = Warming(None)
        self._started = 0.0
        self._said = True

    @contextmanager
    def of(self, folder: Path) -> Iterator[None]:
        """Read ahead the weights in `folder`, which were there or are now, while the block runs."""
        self._folder, self._record = folder, self._cache.verified(folder)
        if verified.sealed(folder) != self._before:
            verified.remember(folder, self._record)  # every byte was hashed as it arrived
        todo = task(
            folder,
            look_at(folder, self._memory_bytes),
            verified.unverified(folder, self._record),
            ours=self._cache.root,
        )
        self._started, self._said = time.monotonic(), todo is None
        with Warming(todo) as self._warming:
            if todo:
                self._report(Notice(f"meanwhile {self._what()}"))
            yield

    @property
    def finished(self) -> bool:
        """Whether nothing is read any more."""
        return self._warming.finished

    def check(self) -> None:
        """Raise VerificationFailed for a damaged file; say once that everything was read."""
        self._warming.check()
        if self._said or not self._warming.finished:
            return
        self._said = True
        seconds = time.monotonic() - self._started
        if self._warming.whole:
            if self._warming.verifies:
                verified.remember(self._folder, self._record)
            found = ", nothing is damaged" if self._warming.verifies else ""
            self._report(Notice(f"read {size(self._warming.done_bytes)} in {seconds:.1f} s{found}"))

    def check_late(self) -> None:
        """The same when the engine serves already: then a damaged file is said aloud, not raised."""
        try:
            self.check()
        except VerificationFailed as error:
            late = "the engine serves from it already, and its answers may be wrong"
            self._report(Notice(f"{error.message}; {late}; {error.hint}", grave=True))

    def progress(self) -> None:
        """Tell how far it is."""
        if not self._said:
            phase = "verify" if self._warming.verifies else "prefetch"
            self._report(Progress(phase, self._warming.done_bytes, self._warming.total_bytes))

    def _what(self) -> str:
        amount = size(self._warming.total_bytes)
        if self._warming.verifies:
            return f"{amount} are read and compared with what was recorded when they were fetched"
        return f"{amount} of weights are read into memory ahead of the engine"
