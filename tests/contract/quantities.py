"""Quantities, as Kubernetes reads them."""

from __future__ import annotations

import re
from fractions import Fraction

_QUANTITY = re.compile(r"(?P<number>[+-]?(\d+(\.\d*)?|\.\d+))(?P<unit>[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+|)")
_UNITS = {
    **{name: Fraction(1024) ** power for power, name in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{name: Fraction(1000) ** power for power, name in enumerate("kMGTPE", 1)},
    **{name: Fraction(1, 1000**power) for power, name in enumerate("mun", 1)},
    "": Fraction(1),
}


def quantity(text: object) -> Fraction | None:
    """The value, or None where the API would not read it."""
    match = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    unit = match["unit"]
    scale = _UNITS[unit] if unit in _UNITS else Fraction(10) ** int(unit[1:])
    return Fraction(match["number"]) * scale
