"""Which EPYC a processor is, by its name: the kinds that CPU profiles are made for."""

from __future__ import annotations

import re

# The last digit of an EPYC 9000's number is its generation: 4 is Zen 4 (9004), 5 is Zen 5 (9005).
_NUMBER = re.compile(r"\bEPYC\D{0,10}(?P<number>9[0-9A-Z]{2}(?P<generation>[45]))[A-Z]?\b", re.IGNORECASE)
_KINDS = {"4": "EPYC_ZEN4", "5": "EPYC_ZEN5"}
# The processors that have profiles of their own.
_OWN = {"9965": "EPYC_9965"}
# Every kind, with the kinds whose profiles it can run instead, the nearest first.
KINDS: dict[str, tuple[str, ...]] = {
    "EPYC_9965": ("EPYC_ZEN5",),
    "EPYC_ZEN5": (),
    "EPYC_ZEN4": (),
}


def models(name: str, general: str) -> tuple[str, ...]:
    """Return what profiles a processor called `name` can run, the nearest first, `general` last.

    `name` is the model name of /proc/cpuinfo, or the name of one of the kinds.
    """
    kind = name.upper() if name.upper() in KINDS else None
    found = _NUMBER.search(name)
    if kind is None and found:
        kind = _OWN.get(found["number"], _KINDS[found["generation"]])
    return (*((kind, *KINDS[kind]) if kind else ()), general)
