"""How long one connection goes on trying: a budget of failures that every byte received renews."""

from __future__ import annotations

import random

from aim_runtime.errors import DownloadFailed
from aim_runtime.models.transfer.remote import Again

_MOST_FAILURES = 7  # 0.25 + 0.5 + … + 16 s: half a minute in which not a byte came
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 16.0
# A server that wants to be left alone for longer than this is as good as gone.
_LONGEST_OBEYED_S = 300.0


class Patience:
    """The budget of one read."""

    def __init__(self) -> None:
        self._failures = 0

    def renew(self) -> None:
        """Something came: whatever failed before is forgotten."""
        self._failures = 0

    def spend(self, failure: Again, what: str) -> float:
        """Return the seconds to wait before the next try, or raise DownloadFailed when it is enough."""
        self._failures += 1
        asked_s = failure.after_s or 0.0
        if asked_s > _LONGEST_OBEYED_S:
            raise _given_up(failure, what, f"it asks to come back in {asked_s:.0f} s")
        if self._failures > _MOST_FAILURES:
            raise _given_up(failure, what, f"{self._failures} tries brought nothing")
        pause_s: float = min(_FIRST_PAUSE_S * 2.0 ** (self._failures - 1), _LONGEST_PAUSE_S)
        # Not all at once: the other connections failed at the same moment.
        return max(asked_s, pause_s * random.uniform(0.5, 1.0))


def _given_up(failure: Again, what: str, why: str) -> DownloadFailed:
    return DownloadFailed(
        f"the download of {what} broke off: {failure.reason} ({why})",
        hint="start again: what has arrived is kept, and only the rest is fetched",
    )
