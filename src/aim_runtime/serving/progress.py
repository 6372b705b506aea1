"""Whether an engine gets on with its work: judged from what it says of itself, one look after the other."""

from __future__ import annotations

from aim_runtime.engines.load import Load

# An engine may still compile kernels for its first request, which takes minutes.
FIRST_S = 300.0


class Progress:
    """Tells for how long work has stood still. Times are of any clock that only goes forward.

    Any number of the engine's that moves is progress, since only a step of it moves one: a prompt in
    pieces counts its tokens when it is read whole, but each piece takes room in the KV cache. An engine
    with a long queue whose tokens move is busy, not stuck.
    """

    def __init__(self, now_s: float, first_s: float = FIRST_S) -> None:
        self._first_s = first_s
        self._moved_at_s = now_s
        self._last: Load | None = None
        self._has_worked = False

    def saw(self, now_s: float, load: Load | None, *, held: bool = False) -> None:
        """Take in one look: `load` is None where the engine did not say.

        `held`: whether some client waits for it, which it may not know: what it says of its queue is as
        old as its last step.
        """
        last = load or self._last
        moved = load is not None and load != self._last
        busy = held or (last is not None and last.running + last.waiting > 0)
        self._last = last
        if last is not None and last.prompt_tokens + last.generated_tokens > 0:
            self._has_worked = True
        if moved or not busy:
            self._moved_at_s = now_s

    def worked(self, now_s: float) -> None:
        """Take note that it did a piece of work that was asked of it to see whether it can."""
        self._has_worked = True
        self._moved_at_s = now_s

    def still_s(self, now_s: float) -> float:
        """For how long nothing has moved although there is work; 0 without work."""
        return now_s - self._moved_at_s

    def stalled_s(self, now_s: float) -> float:
        """The same, as far as it is more than the first work may take."""
        return self.still_s(now_s) if self._has_worked else max(0.0, self.still_s(now_s) - self._first_s)


class Steady:
    """A yes or no that changes only when two looks in a row say so: one slow answer is no outage."""

    def __init__(self, value: bool) -> None:
        self.value = value
        self._against = 0

    def saw(self, value: bool) -> bool:
        """Take in one look; True where it changed the answer."""
        self._against = self._against + 1 if value is not self.value else 0
        if self._against < 2:
            return False
        self.value, self._against = value, 0
        return True
