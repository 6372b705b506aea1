"""Which EPYC a processor is, by its name: the kinds that CPU profiles are made for."""

from __future__ import annotations

import re

from aim_runtime.hardware.device import Device
from aim_runtime.vocabulary import Precision

# EPYC numbers end in the generation: 9004 and 8004 are Zen 4, 9005 is Zen 5 (every part of the series, also
# the ones that AMD's own table leaves out, 9535, 9475F, 9455); 7002 and 7003 have no profiles.
_NUMBER = re.compile(
    r"\bEPYC\D{0,10}(?P<number>(?P<series>[4789])[0-9A-Z]{2}(?P<generation>[1-5]))(?P<letters>[A-Z]{0,2})\b",
    re.IGNORECASE,
)
_KINDS = {"94": "EPYC_ZEN4", "95": "EPYC_ZEN5", "84": "EPYC_ZEN4"}
_GENERATIONS = {
    **{"71": "Zen", "72": "Zen 2", "73": "Zen 3"},
    **{"94": "Zen 4", "84": "Zen 4", "44": "Zen 4", "95": "Zen 5", "45": "Zen 5"},
}
# The processors that have profiles of their own.
_OWN = {"9965": "EPYC_9965"}
# Every kind, as the GPUs of the device table: its architecture by the compiler's name, the memory bandwidth
# of a socket with all of its channels in use (AMD's data sheets: 12 of DDR5-6400 and of DDR5-4800), and what
# its AVX-512 multiplies natively. The memory is the machine's, and a processor has no PCI id.
_NATIVE = (Precision.INT8, Precision.BF16, Precision.FP32)
PROCESSORS: tuple[Device, ...] = (
    Device("EPYC_9965", "AMD EPYC 9965", "znver5", None, (), 614, _NATIVE),
    Device("EPYC_ZEN5", "AMD EPYC 9005", "znver5", None, (), 614, _NATIVE),
    Device("EPYC_ZEN4", "AMD EPYC 9004 and 8004", "znver4", None, (), 461, _NATIVE),
)
# The kinds whose profiles a kind can run instead, the nearest first.
_ALSO = {"EPYC_9965": ("EPYC_ZEN5",)}
KINDS: dict[str, tuple[str, ...]] = {each.model: _ALSO.get(each.model, ()) for each in PROCESSORS}


def models(name: str, general: str) -> tuple[str, ...]:
    """Return what profiles a processor called `name` can run, the nearest first, `general` last.

    `name` is the model name of /proc/cpuinfo, or the name of one of the kinds. A name without a number,
    as virtual machines show it, says nothing of the size and is `general`; so are the small EPYC 4004
    and 4005, for whose 16 cores the kinds' profiles are too large.
    """
    kind = name.upper() if name.upper() in KINDS else None
    found = _NUMBER.search(name)
    if kind is None and found:
        kind = _OWN.get(found["number"]) or _KINDS.get(found["series"] + found["generation"])
    return (*((kind, *KINDS[kind]) if kind else ()), general)


def number(name: str) -> str:
    """The number of an EPYC with its letters (9654, 9475F), empty where the name has none."""
    found = _NUMBER.search(name)
    return (found["number"] + found["letters"]).upper() if found else ""


def generation(name: str) -> str:
    """Zen 4 for an EPYC 9654, by the number; empty where the name has none."""
    found = _NUMBER.search(name)
    return _GENERATIONS.get(found["series"] + found["generation"], "") if found else ""
