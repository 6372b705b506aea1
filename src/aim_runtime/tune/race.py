"""When a challenger has won against the best so far, or lost, or must run again: pure decisions.

Each pair of runs gives one ratio, challenger to champion, taken moments apart and in changing order: what
slows the machine down slows both. Ratios multiply, so their logarithms are averaged.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from enum import StrEnum

# Pairs before a challenger can win, and after which it has not.
LEAST, MOST = 4, 7
# Below this after its first pair a challenger is given up: most are, and a pair is what each costs.
GIVE_UP = 0.95
# What a winner must gain in the median: less is not worth another profile.
WORTH = 1.02
# One-sided quantiles of Student's t at 99.5 %, by pairs: strict, since every pair is another look at the same
# question (https://en.wikipedia.org/wiki/Student%27s_t-distribution#Table_of_selected_values).
_T = {4: 5.841, 5: 4.604, 6: 4.032, 7: 3.707}


class Standing(StrEnum):
    """How a race stands."""

    WON = "won"
    LOST = "lost"
    OPEN = "open"


def standing(ratios: Sequence[float]) -> Standing:
    """How the race stands after these pairs; a ratio above 1 is the challenger's."""
    count = len(ratios)
    if not count:
        return Standing.OPEN
    middle = statistics.median(ratios)
    if ratios[0] < GIVE_UP and count == 1:
        return Standing.LOST
    if count >= 2 and middle < 1:
        return Standing.LOST
    if count >= LEAST and middle >= WORTH and surely_above_one(ratios):
        return Standing.WON
    return Standing.LOST if count >= MOST else Standing.OPEN


def surely_above_one(ratios: Sequence[float]) -> bool:
    """Whether the mean of the logarithms is above 0 by more than their noise explains."""
    logs = [math.log(each) for each in ratios]
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    return statistics.fmean(logs) > _T[len(logs)] * error
