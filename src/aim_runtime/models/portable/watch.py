"""The models room: how far an export or an import is."""

from __future__ import annotations

from aim_runtime.models.events import Progress, Report


class Watch:
    """Called with the bytes that came since the last call."""

    def __init__(self, phase: str, total_bytes: int, report: Report) -> None:
        self._phase, self._total_bytes, self._report = phase, total_bytes, report
        self._done_bytes = 0

    def __call__(self, more_bytes: int) -> None:
        self._done_bytes += more_bytes
        self._report(Progress(self._phase, self._done_bytes, self._total_bytes))
