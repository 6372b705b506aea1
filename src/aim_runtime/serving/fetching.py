"""What a fetch says, as the truth about the service has it."""

from __future__ import annotations

import time

from aim_runtime.models.events import Event, Progress
from aim_runtime.models.status import Pace
from aim_runtime.serving.life import Life
from aim_runtime.vocabulary import Phase

# What a fetch does that is not a download: it reads and writes what is there.
_PHASES = {"download": Phase.DOWNLOADING, "verify": Phase.VERIFYING}


class Fetching:
    """Follows one fetch: `seen` is told of all that happens, `done` that the weights are there."""

    def __init__(self, life: Life) -> None:
        self._life, self._pace = life, Pace()
        self._before = life.view().bytes_fetched
        self._moved = 0

    def seen(self, event: Event) -> None:
        if not isinstance(event, Progress):
            return
        status = self._pace.seen(event, time.monotonic())
        if event.phase == "download":
            self._moved = max(self._moved, status.done_bytes - status.began_bytes)
        self._life.enter(_PHASES.get(event.phase, Phase.DOWNLOADING), status.percent)
        self._life.change(transfer=status, bytes_fetched=self._before + self._moved)

    def done(self) -> None:
        self._life.change(transfer=None, cache_hit=not self._moved)
