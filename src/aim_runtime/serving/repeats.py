"""Messages that repeat: a few are shown, the rest is counted."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

SHOWN = 5
WITHIN_S = 10.0
# Kinds of messages that are remembered at once; beyond it the oldest is let go, with its count.
_MOST = 1000
# Identifiers first: a long word of hexadecimal digits is one, whatever letters are in it.
_NUMBERS = re.compile(r"\b0x[0-9a-fA-F]+|\b(?=[a-f]*\d)[0-9a-f]{6,}\b|\d+(?:[.,:]\d+)*")


@dataclass
class _Kind:
    began_at_s: float
    sample: Hashable
    count: int = 0


def without_numbers(message: str) -> str:
    """What two messages have in common that differ in their numbers only."""
    return _NUMBERS.sub("#", message)


class Repeats:
    """Counts messages of one kind: the first SHOWN within WITHIN_S are to be shown."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._kinds: OrderedDict[Hashable, _Kind] = OrderedDict()  # by when they began

    def shows(self, kind: Hashable, sample: Hashable) -> bool:
        """Whether another message of a kind is to be shown; `sample` stands for the kind later."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = _Kind(self._now_s(), sample)
        found.count += 1
        return found.count <= SHOWN

    def over(self, *, all_of_them: bool = False) -> Iterator[tuple[Hashable, int]]:
        """Each kind whose time is over (or all): its sample, and how many were not shown, if any."""
        before_s = self._now_s() - WITHIN_S
        while self._kinds:
            kind, found = next(iter(self._kinds.items()))
            if not all_of_them and found.began_at_s > before_s and len(self._kinds) <= _MOST:
                return
            del self._kinds[kind]
            if found.count > SHOWN:
                yield found.sample, found.count - SHOWN
