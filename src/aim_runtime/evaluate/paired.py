"""Whether one model answers worse than another, of the same questions answered by both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

# Of the standard normal distribution, two-sided: 95 %.
Z_95 = 1.959963984540054
# More questions than any task has: beyond, nothing is said.
_MOST_QUESTIONS = 10_000_000


class Verdict(StrEnum):
    """`cannot tell`: the interval has both what is allowed and what is not."""

    WORSE = "worse"
    NOT_WORSE = "not worse"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Paired:
    """So many questions, answered by both: those that only the new one has right, and only the old one."""

    questions: int
    only_new: float
    only_old: float

    @property
    def difference(self) -> float:
        """The share of right answers of the new one less that of the old one."""
        return (self.only_new - self.only_old) / self.questions

    def interval(self, z: float = Z_95) -> tuple[float, float]:
        """Tango's score interval of the difference.

        It is right for few questions too, where McNemar's and Wald's are not: of ten questions on which both
        agree it says ±28 points, not ±0. T. Tango, "Equivalence test and confidence interval for the
        difference in proportions for the paired-sample design", Statistics in Medicine 17 (1998), 891-908:
        the differences whose score statistic is within ±z.
        """
        return self._where(z, -1.0, self.difference), self._where(-z, self.difference, 1.0)

    def verdict(self, max_drop: float) -> Verdict:
        """`max_drop` is the share of right answers that may be lost."""
        low, high = self.interval()
        if high < -max_drop:
            return Verdict.WORSE
        return Verdict.NOT_WORSE if low >= -max_drop else Verdict.CANNOT_TELL

    def questions_to_tell(self, max_drop: float) -> int | None:
        """How many questions would tell, were all answered as these; None where no number would."""
        enough = self.questions
        while self._times(enough).verdict(max_drop) is Verdict.CANNOT_TELL:
            enough *= 2
            if enough > _MOST_QUESTIONS:
                return None
        short = max(self.questions, enough // 2)
        while enough - short > 1:  # none where these tell already
            middle = (short + enough) // 2
            if self._times(middle).verdict(max_drop) is Verdict.CANNOT_TELL:
                short = middle
            else:
                enough = middle
        return enough

    def _times(self, questions: int) -> Paired:
        share = questions / self.questions
        return Paired(questions, self.only_new * share, self.only_old * share)

    def _where(self, z: float, low: float, high: float) -> float:
        """The difference between `low` and `high` at which the score, which falls, is `z`."""
        for _ in range(60):
            middle = (low + high) / 2
            if self._score(middle) > z:
                low = middle
            else:
                high = middle
        return (low + high) / 2

    def _score(self, difference: float) -> float:
        above = self.only_new - self.only_old - self.questions * difference
        share = self.likeliest(difference)
        variance = self.questions * (2 * share + difference * (1 - difference))
        if variance <= 0:
            return math.copysign(math.inf, above) if above else 0.0
        return above / math.sqrt(variance)

    def likeliest(self, difference: float) -> float:
        """The likeliest share of questions that only the old one has right, given the difference."""
        b, c, n = self.only_new, self.only_old, self.questions
        square, linear = 2.0 * n, -b - c + (2 * n - b + c) * difference
        constant = -c * difference * (1 - difference)
        root = math.sqrt(max(0.0, linear * linear - 4 * square * constant))
        return max(0.0, -difference, (root - linear) / (2 * square))
